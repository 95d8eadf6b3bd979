/** When a step need not run again: the same command, code, params, inputs and environment have already made the same files. */
import { createHash } from 'node:crypto';
import type { PlannedStep, StepRun } from '../../domain/pipelines.ts';
import type { ArtifactStore } from '../../ports/artifact-store.ts';
import type { Stores } from '../../ports/metadata-store.ts';

/** Raise the number when a step gets more, or other, files or variables than before. */
const STEP_VERSION = 1;

export interface StepContent {
  readonly step: PlannedStep;
  readonly codeDigest: string;
  /** Input name -> digest, substitutes included. */
  readonly inputs: Readonly<Record<string, string>>;
  readonly environmentDigest: string;
  /** Digest of the built-in program, for steps that use one. */
  readonly programDigest?: string | undefined;
}

/** The parts, each a short text a person can read. */
export function cacheParts(content: StepContent): Readonly<Record<string, string>> {
  const { step } = content;
  const parts: Record<string, string> = {
    kind: `${step.kind}/${STEP_VERSION}`,
    command: JSON.stringify(step.argv),
    code: content.codeDigest,
    environment: content.environmentDigest,
    outputs: JSON.stringify(step.outputs),
  };
  if (content.programDigest !== undefined) parts['program'] = content.programDigest;
  for (const [name, value] of Object.entries(step.params)) parts[`param ${name}`] = JSON.stringify(value);
  for (const [name, digest] of Object.entries(content.inputs)) parts[`input ${name}`] = digest;
  return parts;
}

/** sha256 over the sorted parts. */
export function cacheKey(parts: Readonly<Record<string, string>>): string {
  const sorted = Object.entries(parts).sort(([a], [b]) => (a < b ? -1 : 1));
  return `sha256:${createHash('sha256').update(JSON.stringify(sorted)).digest('hex')}`;
}

/** The newest step run of that key whose outputs can all still be read. */
export async function findReusable(
  store: Pick<Stores, 'stepRuns'>,
  artifacts: Pick<ArtifactStore, 'stat'>,
  key: string,
): Promise<StepRun | undefined> {
  const found = await store.stepRuns.find({ where: { cacheKey: key, status: 'succeeded' }, limit: 5 });
  for (const run of found) {
    const blobs = await Promise.all(run.outputs.map((output) => artifacts.stat(output.digest)));
    if (blobs.every((blob) => blob !== undefined)) return run;
  }
  return undefined;
}

export interface PartChange {
  readonly part: string;
  readonly before?: string;
  readonly now?: string;
}

/** Which parts differ between two step runs: why the second did not reuse the first. Empty: they have the same key. */
export function explainMiss(
  before: Readonly<Record<string, string>>,
  now: Readonly<Record<string, string>>,
): readonly PartChange[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(now)])].sort();
  return names
    .filter((name) => before[name] !== now[name])
    .map((part) => {
      const [was, is] = [before[part], now[part]];
      return { part, ...(was === undefined ? {} : { before: was }), ...(is === undefined ? {} : { now: is }) };
    });
}
