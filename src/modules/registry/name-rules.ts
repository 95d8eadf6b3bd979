/** Names, aliases, stages, tags of the registry: MLflow's rules and texts. */
import { MillwrightError } from '../../domain/errors.ts';
import type { Entry } from '../../domain/tracking.ts';
import { checkKey, checkLength, MAX_REGISTRY_TAG_VALUE, missingValue } from '../tracking/index.ts';

export const STAGES = ['None', 'Staging', 'Production', 'Archived'] as const;

export function checkModelName(name: string, field = 'name'): void {
  if (name.trim() === '') throw missingValue(field);
  const bad = name.includes('/') || name.includes(':') || name === '.' || name === '..';
  if (bad) {
    throw new MillwrightError('MW-INVALID', `Invalid model name '${name}'. Names cannot contain '/' or ':'.`, {
      where: field,
    });
  }
  checkLength(name, 256, field);
}

export function checkAlias(alias: string): void {
  if (alias === '')
    throw new MillwrightError('MW-INVALID', 'Registered model alias name cannot be empty.', { where: 'alias' });
  if (!/^[\w-]*$/.test(alias)) {
    throw new MillwrightError(
      'MW-INVALID',
      `Invalid alias name: '${alias}'. Names may only contain alphanumerics, underscores (_), and dashes (-).`,
      { where: 'alias' },
    );
  }
  checkLength(alias, 255, 'Registered model alias name');
  if (alias.toLowerCase() === 'latest') {
    throw new MillwrightError('MW-INVALID', "'latest' alias name (case insensitive) is reserved.", { where: 'alias' });
  }
  if (/^[vV]\d+$/.test(alias)) {
    throw new MillwrightError('MW-INVALID', `Version alias name '${alias}' is reserved.`, { where: 'alias' });
  }
}

const MAX_TEXT = 100_000;
const MAX_ADDRESS = 2000;

/** What a person writes of a model or version, and where it says it comes from. */
export function checkTexts(texts: {
  readonly description?: string | undefined;
  readonly source?: string | undefined;
  readonly runLink?: string | undefined;
}): void {
  checkLength(texts.description ?? '', MAX_TEXT, 'description');
  checkLength(texts.source ?? '', MAX_ADDRESS, 'source');
  checkLength(texts.runLink ?? '', MAX_ADDRESS, 'run_link');
}

export function checkRegistryTag({ key, value }: Entry): void {
  checkKey(key, 'key');
  checkLength(value, MAX_REGISTRY_TAG_VALUE, 'value');
}

/** The stage in its own spelling, from any case. */
export function stageOf(text: string): (typeof STAGES)[number] {
  const stage = STAGES.find((one) => one.toLowerCase() === text.toLowerCase());
  if (stage !== undefined) return stage;
  throw new MillwrightError(
    'MW-INVALID',
    `Invalid Model Version stage: ${text}. Value must be one of ${STAGES.join(', ')}.`,
    {
      where: 'stage',
    },
  );
}

/** Versions are numbers to us and decimal text on MLflow's wire. */
export function versionNumber(text: string): number {
  const number = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isSafeInteger(number)) return number;
  throw new MillwrightError('MW-INVALID', `Parameter 'version' must be an integer, got '${text.slice(0, 50)}'.`, {
    where: 'version',
  });
}

export const modelNotFound = (name: string): MillwrightError =>
  new MillwrightError('MW-NOT-FOUND', `Registered Model with name=${name} not found`, { where: 'name' });

export const versionNotFound = (name: string, version: number): MillwrightError =>
  new MillwrightError('MW-NOT-FOUND', `Model Version (name=${name}, version=${version}) not found`, {
    where: 'version',
  });

export const aliasNotFound = (alias: string): MillwrightError =>
  new MillwrightError('MW-INVALID', `Registered model alias ${alias} not found.`, { where: 'alias' });
