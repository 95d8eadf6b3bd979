/** What a deployment would change: pure data, to print and to compare. */
import { MillwrightError } from '../../domain/errors.ts';
import type { Endpoint, Release, Rollout } from '../../domain/deployments.ts';
import type { EndpointSpec, RolloutSpec } from '../../domain/project.ts';
import type { ModelVersion } from '../../domain/registry.ts';
import { GUARD_VALUES } from './guards.ts';

interface PlanChange {
  readonly sign: '+' | '~' | '-' | '=';
  readonly text: string;
}

export interface DeploymentPlan {
  readonly project: string;
  readonly endpoint: string;
  readonly model: string;
  readonly version: number;
  readonly modelDigest: string;
  readonly imageDigest?: string;
  /** Percent of calls of each step; [100] = at once. */
  readonly steps: readonly number[];
  readonly hold: { readonly ms: number; readonly calls: number };
  readonly guards: readonly string[];
  readonly changes: readonly PlanChange[];
  /** The same model already takes every call. */
  readonly unchanged: boolean;
}

export interface PlanInput {
  readonly project: string;
  readonly spec: EndpointSpec;
  readonly version: ModelVersion;
  readonly imageDigest?: string;
  /** The endpoint, its releases by id, and its running rollout, as they are now. */
  readonly endpoint?: Endpoint;
  readonly releases: readonly Release[];
  readonly running?: Rollout;
}

function digestOf(version: ModelVersion): string {
  if (version.deletedAt !== undefined) {
    throw new MillwrightError('MW-STATE', `${version.model} v${version.number} was deleted`, {
      where: version.id,
      next: 'list versions with: mw models',
    });
  }
  if (version.lineage !== undefined) return version.lineage.artifactDigest;
  throw new MillwrightError(
    'MW-STATE',
    `${version.model} v${version.number} has no ONNX artifact that could be served`,
    {
      where: version.id,
      next: 'make the model in a pipeline with an onnx step: see mw init',
    },
  );
}

/** Guards read what the data plane counts; any other name would never be known and hold the rollout for ever. */
function checkGuards(rollout: RolloutSpec): void {
  for (const guard of rollout.rollBackIf) {
    for (const clause of guard.condition.clauses) {
      if (GUARD_VALUES.some((name) => name === clause.left)) continue;
      throw new MillwrightError('MW-CONFIG-EXPRESSION', `"${clause.left}" is nothing a rollout can be judged by`, {
        where: guard.where,
        next: `use one of ${GUARD_VALUES.join(', ')}`,
      });
    }
  }
}

export function planDeployment(input: PlanInput): DeploymentPlan {
  const { spec, version, endpoint, releases, running } = input;
  checkGuards(spec.rollout);
  const modelDigest = digestOf(version);
  const live = endpoint?.weights ?? [];
  const serving = live.map((weight) => ({
    ...weight,
    digest: releases.find((release) => release.id === weight.releaseId)?.modelDigest,
  }));
  const unchanged = running === undefined && serving.length === 1 && serving[0]?.digest === modelDigest;
  const atOnce = live.length === 0 || spec.rollout.strategy === 'all-at-once';
  const steps = atOnce ? [100] : spec.rollout.steps;
  const changes: PlanChange[] = [];
  if (unchanged)
    changes.push({
      sign: '=',
      text: `no changes: ${version.model} v${serving[0]?.version} with the same model takes 100 % of ${spec.name}`,
    });
  else {
    if (endpoint === undefined) changes.push({ sign: '+', text: `endpoint ${spec.name}` });
    if (running !== undefined)
      changes.push({ sign: '-', text: `rollout ${running.id}: ended, its candidate is replaced` });
    changes.push({ sign: '+', text: `release of ${version.model} v${version.number} (${modelDigest.slice(7, 19)})` });
    for (const weight of live)
      changes.push({ sign: '~', text: `v${weight.version}: ${weight.percent} % of calls, then 0 %, kept warm` });
    changes.push({
      sign: '~',
      text: `v${version.number}: ${steps.map((percent) => `${percent} %`).join(' → ')} of calls`,
    });
    if (!atOnce)
      for (const guard of spec.rollout.rollBackIf) changes.push({ sign: '=', text: `rolls back if ${guard.text}` });
  }
  return {
    project: input.project,
    endpoint: spec.name,
    model: version.model,
    version: version.number,
    modelDigest,
    ...(input.imageDigest === undefined ? {} : { imageDigest: input.imageDigest }),
    steps,
    hold: atOnce ? { ms: 0, calls: 0 } : spec.rollout.hold,
    guards: atOnce ? [] : spec.rollout.rollBackIf.map((guard) => guard.text),
    changes,
    unchanged,
  };
}
