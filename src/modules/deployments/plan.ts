/** What a deployment would change: pure data, to print and to compare. */
import { isDeepStrictEqual } from 'node:util';
import { MillwrightError } from '../../domain/errors.ts';
import type { Endpoint, Release, Rollout } from '../../domain/deployments.ts';
import type { AbSpec, EndpointSpec, RolloutSpec } from '../../domain/project.ts';
import type { ModelSignature, ModelVersion, VersionLineage } from '../../domain/registry.ts';
import { longTime } from '../../domain/rollout-reading.ts';
import { ENDPOINT_LIMITS, LOG_POLICY } from '../../domain/serving.ts';
import type { EndpointLimits, LogPolicy, RuntimeSpec } from '../../domain/serving.ts';
import { checkGuards } from './guard-names.ts';

interface PlanChange {
  readonly sign: '+' | '~' | '-' | '=';
  readonly text: string;
}

/** What a version is served from, when it is not the ONNX artifact of a pipeline. */
export interface Servable {
  readonly modelDigest: string;
  readonly runtime?: RuntimeSpec;
  readonly signature?: ModelSignature;
  readonly goldenDigest?: string;
  readonly environmentId?: string;
}

export interface DeploymentPlan {
  readonly project: string;
  readonly endpoint: string;
  readonly model: string;
  readonly version: number;
  readonly servable: Servable;
  readonly imageDigest?: string;
  readonly strategy: RolloutSpec['strategy'];
  /** Share of the calls that is copied in a step before the first share; only with strategy shadow. */
  readonly mirror?: number;
  readonly ab?: AbSpec;
  /** Percent of calls of each step; [100] = at once. */
  readonly steps: readonly number[];
  readonly hold: { readonly ms: number; readonly calls: number };
  readonly guards: readonly string[];
  readonly outcome?: string;
  readonly atMostMs?: number;
  readonly limits: EndpointLimits;
  readonly log: LogPolicy;
  readonly changes: readonly PlanChange[];
  /** The same model already takes every call, or is on its way under the same rules. `settings`: only limits or log are to change, without a release. */
  readonly unchanged: boolean;
  readonly settings: boolean;
}

export interface PlanInput {
  readonly project: string;
  readonly spec: EndpointSpec;
  readonly version: ModelVersion;
  readonly servable?: Servable;
  /** The outcome that guards on quality judge by. */
  readonly outcome?: string;
  readonly imageDigest?: string;
  /** The endpoint, its releases by id, and its running rollout, as they are now. */
  readonly endpoint?: Endpoint;
  readonly releases: readonly Release[];
  readonly running?: Rollout;
}

/** The ONNX artifact of a pipeline, and the rows whose answers it must repeat. */
export function fromLineage({ artifactDigest, goldenDigest }: VersionLineage): Servable {
  return { modelDigest: artifactDigest, ...(goldenDigest === undefined ? {} : { goldenDigest }) };
}

function servableOf(version: ModelVersion, given: Servable | undefined): Servable {
  if (version.deletedAt !== undefined) {
    throw new MillwrightError('MW-STATE', `${version.model} v${version.number} was deleted`, {
      where: version.id,
      next: 'list versions with: mw models',
    });
  }
  if (given !== undefined) return given;
  if (version.lineage !== undefined) return fromLineage(version.lineage);
  throw new MillwrightError(
    'MW-STATE',
    `${version.model} v${version.number} has no ONNX artifact that could be served`,
    { where: version.id, next: 'deploy a version made by a pipeline: mw run' },
  );
}

function checkTest(ab: AbSpec | undefined): AbSpec {
  const refuse = (message: string, next: string): never => {
    throw new MillwrightError('MW-CONFIG-VALUE', message, { where: 'endpoint.rollout.ab', next });
  };
  if (ab === undefined) return refuse('strategy ab needs "ab"', 'write for example: ab: { outcome: click }');
  if (!(ab.split >= 1 && ab.split <= 99))
    refuse(`"ab.split": ${ab.split} % leaves one version without callers`, 'use 1% to 99%, best 50%');
  if (!(ab.confidence >= 0.5 && ab.confidence <= 0.9999))
    refuse(`"ab.confidence": ${ab.confidence * 100} % is not from 50% to 99.99%`, 'use 95%');
  return ab;
}

const perClient = ({ perClient: rate }: EndpointLimits): string =>
  rate === undefined ? 'no limit' : `${rate.perSecond} a second, ${rate.burst} at once`;

/** Limits and log as lines, one for each that changes. */
function settingLines(before: Endpoint | undefined, limits: EndpointLimits, log: LogPolicy): readonly string[] {
  const old = { ...ENDPOINT_LIMITS, ...before?.limits };
  const kept = before?.log ?? LOG_POLICY;
  // `perClient` of the defaults is absent: only the endpoint's own counts.
  const rows: readonly (readonly [string, string, string])[] = [
    ['timeout', longTime(old.timeoutMs), longTime(limits.timeoutMs)],
    ['queue', `${old.queue} calls`, `${limits.queue} calls`],
    ['rate of a client', perClient(old), perClient(limits)],
    ['replicas', `${old.replicas.min}..${old.replicas.max}`, `${limits.replicas.min}..${limits.replicas.max}`],
    [
      'idle',
      old.idleMs === 0 ? 'never' : longTime(old.idleMs),
      limits.idleMs === 0 ? 'never' : longTime(limits.idleMs),
    ],
    ['memory', `${old.memoryMib} MiB`, `${limits.memoryMib} MiB`],
    ['log', `${kept.sample} % of calls`, `${log.sample} % of calls`],
    ['not logged', kept.redact.join(', ') || 'nothing', log.redact.join(', ') || 'nothing'],
  ];
  const told = rows.filter(([, a, b]) => a !== b).map(([name, a, b]) => `${name}: ${a} → ${b}`);
  const same = isDeepStrictEqual(old, { ...ENDPOINT_LIMITS, ...limits }) && isDeepStrictEqual({ ...kept }, { ...log });
  // Two times that read alike may differ by milliseconds.
  return told.length === 0 && !same ? ['limits or log'] : told;
}

function rolloutLines(input: PlanInput, steps: readonly number[], strategy: RolloutSpec['strategy'], calm: boolean) {
  const { spec, version, endpoint, running } = input;
  const { rollout } = spec;
  const name = `v${version.number}`;
  const shares = steps.map((percent) => `${percent} %`).join(' → ');
  const lines: PlanChange[] = [];
  if (strategy === 'shadow' && !calm)
    lines.push({ sign: '~', text: `${name}: answers copies of ${rollout.mirror} % of calls, compared row by row` });
  if (strategy === 'ab' && rollout.ab !== undefined && !calm) {
    const { ab } = rollout;
    lines.push({
      sign: '~',
      text: `${name}: ${ab.split} % of the callers until ${ab.metric} of "${ab.outcome}" decides at ${ab.confidence * 100} %, at most ${longTime(ab.atMostMs)}`,
    });
  } else lines.push({ sign: '~', text: `${name}: ${shares} of calls` });
  if (!calm) for (const guard of rollout.rollBackIf) lines.push({ sign: '=', text: `rolls back if ${guard.text}` });
  const before: PlanChange[] = [];
  if (endpoint === undefined) before.push({ sign: '+', text: `endpoint ${spec.name}` });
  if (running !== undefined)
    before.push({ sign: '-', text: `rollout ${running.id}: ended, its candidate is replaced` });
  return { before, lines };
}

const alike = (release: Release | undefined, servable: Servable): boolean =>
  release?.modelDigest === servable.modelDigest &&
  isDeepStrictEqual(release.runtime ?? { kind: 'onnx' }, servable.runtime ?? { kind: 'onnx' });

/** The running rollout, when it does what is asked for: to begin it anew would throw away what it has seen. */
function underWay({ spec, running, releases }: PlanInput, servable: Servable): Rollout | undefined {
  const release = releases.find((one) => one.id === running?.releaseId);
  if (running?.fromReleaseId === undefined || !alike(release, servable)) return undefined;
  const { rollout } = spec;
  if ((running.strategy ?? 'canary') !== rollout.strategy) return undefined;
  const shares = running.steps.filter((step) => step.mirror === undefined).map((step) => step.percent);
  const mirror = running.steps.find((step) => step.mirror !== undefined)?.mirror;
  const now = [shares, running.hold, running.guards.map((guard) => guard.text), running.ab, mirror];
  const asked = [
    sharesOf(rollout),
    rollout.hold,
    rollout.rollBackIf.map((guard) => guard.text),
    rollout.strategy === 'ab' ? rollout.ab : undefined,
    rollout.strategy === 'shadow' ? rollout.mirror : undefined,
  ];
  return isDeepStrictEqual(now, asked) ? running : undefined;
}

const sharesOf = (rollout: RolloutSpec): readonly number[] =>
  rollout.strategy === 'ab' ? [rollout.ab?.split ?? 50, 100] : rollout.steps;

/** Throws MW-STATE for a version that cannot be served, MW-CONFIG-EXPRESSION for an unusable guard, MW-CONFIG-VALUE for an A/B test without rules. */
export function planDeployment(input: PlanInput): DeploymentPlan {
  const { spec, version, endpoint, releases, running } = input;
  const { rollout, limits, log } = spec;
  if (rollout.strategy === 'ab') checkTest(rollout.ab);
  if (rollout.strategy === 'shadow' && !(rollout.mirror > 0 && rollout.mirror <= 100))
    throw new MillwrightError('MW-CONFIG-VALUE', `"mirror": a shadow with ${rollout.mirror} % of the calls sees none`, {
      where: 'endpoint.rollout.mirror',
      next: 'use 1% to 100%',
    });
  const outcome = rollout.ab?.outcome ?? input.outcome;
  checkGuards(rollout, outcome);
  const servable = servableOf(version, input.servable);
  const live = endpoint?.weights ?? [];
  const serving = live.map((weight) => ({
    ...weight,
    release: releases.find((release) => release.id === weight.releaseId),
  }));
  const same = running === undefined && serving.length === 1 && alike(serving[0]?.release, servable);
  const settings = settingLines(endpoint, limits, log);
  const onTrial = underWay(input, servable);
  // The first version of an endpoint has nobody to be compared with.
  const calm = live.length === 0 || rollout.strategy === 'all-at-once';
  const strategy = calm ? 'all-at-once' : rollout.strategy;
  const steps = calm ? [100] : sharesOf(rollout);
  const changes: PlanChange[] = [];
  if (onTrial !== undefined) {
    const text = `rollout ${onTrial.id} of v${version.number} with the same model and rules is under way`;
    changes.push({ sign: '=', text: settings.length === 0 ? `no changes: ${text}` : text });
  } else if (same) {
    const text = `${version.model} v${serving[0]?.version} with the same model takes 100 % of ${spec.name}`;
    changes.push({ sign: '=', text: settings.length === 0 ? `no changes: ${text}` : text });
  } else {
    const { before, lines } = rolloutLines(input, steps, strategy, calm);
    changes.push(...before, {
      sign: '+',
      text: `release of ${version.model} v${version.number} (${servable.modelDigest.slice(7, 19)})`,
    });
    // Said before the wait: the plan is shown, then the deployment builds it.
    if (servable.runtime?.kind === 'python' && servable.runtime.interpreter === '')
      changes.push({
        sign: '+',
        text: "the model's own Python environment, built first unless it is there (a minute or more)",
      });
    if (strategy === 'canary' || strategy === 'all-at-once')
      for (const weight of live)
        changes.push({ sign: '~', text: `v${weight.version}: ${weight.percent} % of calls, then 0 %, kept warm` });
    changes.push(...lines);
  }
  const still = same || onTrial !== undefined;
  if (endpoint !== undefined || !still)
    for (const text of settings) changes.push({ sign: endpoint === undefined ? '+' : '~', text });
  return {
    project: input.project,
    endpoint: spec.name,
    model: version.model,
    version: version.number,
    servable,
    ...(input.imageDigest === undefined ? {} : { imageDigest: input.imageDigest }),
    strategy,
    ...(strategy === 'shadow' ? { mirror: rollout.mirror } : {}),
    ...(strategy === 'ab' && rollout.ab !== undefined ? { ab: rollout.ab } : {}),
    steps,
    hold: calm ? { ms: 0, calls: 0 } : rollout.hold,
    guards: calm ? [] : rollout.rollBackIf.map((guard) => guard.text),
    ...(outcome === undefined || calm ? {} : { outcome }),
    ...(rollout.atMostMs === undefined || calm ? {} : { atMostMs: rollout.atMostMs }),
    limits,
    log,
    changes,
    unchanged: still && settings.length === 0,
    settings: still && settings.length > 0,
  };
}
