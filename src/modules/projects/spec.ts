/** File values → domain values: durations to ms, shares to percent, conditions to their clauses. */
import { type Condition, parseCondition } from '../../domain/conditions.ts';
import { MillwrightError } from '../../domain/errors.ts';
import type { AbSpec, GateSpec, MonitorSpec, ProjectSpec, RolloutSpec } from '../../domain/project.ts';
import type { EndpointLimits } from '../../domain/serving.ts';
import type { Places } from './places.ts';
import type { ProjectFile } from './schema.ts';

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `2m` → 120000. The schema has checked the form. */
function durationMs(text: string): number {
  const found = /^([\d.]+)(ms|s|m|h|d)$/.exec(text.trim());
  return Number(found?.[1] ?? 0) * (UNIT_MS[found?.[2] ?? 'ms'] ?? 1);
}

function conditionAt(text: string, places: Places, path: readonly PropertyKey[]): Condition {
  try {
    return parseCondition(text);
  } catch (cause) {
    if (!(cause instanceof MillwrightError)) throw cause;
    throw new MillwrightError(cause.code, cause.message, {
      where: places.at(path),
      ...(cause.next === undefined ? {} : { next: cause.next }),
    });
  }
}

function gatesOf(texts: readonly string[], places: Places, path: readonly PropertyKey[]): readonly GateSpec[] {
  return texts.map((text, index) => {
    const at = [...path, index];
    return { text, condition: conditionAt(text, places, at), where: places.at(at).replace(/:\d+$/, '') };
  });
}

const percentOf = (share: string | number): number => (typeof share === 'number' ? share : Number.parseFloat(share));

function abOf(file: NonNullable<NonNullable<ProjectFile['endpoint']>['rollout']['ab']>): AbSpec {
  return {
    split: percentOf(file.split),
    outcome: file.outcome,
    metric: file.metric,
    confidence: percentOf(file.confidence) / 100,
    atMostMs: durationMs(file.at_most),
  };
}

function limitsOf(file: NonNullable<ProjectFile['endpoint']>['limits'], places: Places): EndpointLimits {
  const [least = 1, most = least] = file.replicas.split('..').map(Number);
  if (least < 1 || most < least || most > 64) {
    throw new MillwrightError(
      'MW-CONFIG-VALUE',
      `"endpoint.limits.replicas": ${file.replicas} is not a range from 1 to 64`,
      {
        where: places.at(['endpoint', 'limits', 'replicas']),
        next: 'write for example: replicas: 1..4',
      },
    );
  }
  return {
    timeoutMs: durationMs(file.timeout),
    queue: file.queue,
    ...(file.rate === undefined
      ? {}
      : { perClient: { perSecond: file.rate, burst: file.burst ?? Math.max(1, Math.ceil(file.rate)) } }),
    replicas: { min: least, max: most },
    idleMs: file.idle === undefined ? 0 : durationMs(file.idle),
    memoryMib: file.memory,
  };
}

function rolloutOf(file: NonNullable<ProjectFile['endpoint']>['rollout'], places: Places): RolloutSpec {
  const steps = file.steps.map(percentOf);
  const rising = steps.every((step, i) => step > 0 && (i === 0 || step > (steps[i - 1] ?? 0)));
  if (!rising || steps.at(-1) !== 100) {
    throw new MillwrightError(
      'MW-CONFIG-VALUE',
      `"endpoint.rollout.steps": shares must rise and end with 100%, not ${file.steps.join(', ')}`,
      {
        where: places.at(['endpoint', 'rollout', 'steps']),
        next: 'write for example: steps: [10%, 50%, 100%]',
      },
    );
  }
  const parts = file.hold.split(',').map((part) => part.trim());
  const calls = parts.find((part) => part.endsWith('calls'));
  const time = parts.find((part) => !part.endsWith('calls'));
  return {
    strategy: file.strategy,
    mirror: percentOf(file.mirror),
    ...(file.ab === undefined ? {} : { ab: abOf(file.ab) }),
    steps: file.strategy === 'all-at-once' ? [100] : steps,
    hold: {
      ms: time === undefined ? 0 : durationMs(time),
      calls: calls === undefined ? 0 : Number.parseInt(calls, 10),
    },
    ...(file.at_most === undefined ? {} : { atMostMs: durationMs(file.at_most) }),
    rollBackIf: gatesOf(file.roll_back_if, places, ['endpoint', 'rollout', 'roll_back_if']),
  };
}

function monitorOf(name: string, file: ProjectFile['monitors'][string], places: Places): MonitorSpec {
  const windowMs = durationMs(file.window);
  const timing = {
    windowMs,
    everyMs: file.every === undefined ? windowMs : durationMs(file.every),
    consecutive: file.consecutive,
    ...(file.alert_if === undefined
      ? {}
      : { alertIf: conditionAt(file.alert_if, places, ['monitors', name, 'alert_if']), alertText: file.alert_if }),
  };
  if (timing.windowMs < 1000 || timing.everyMs < 1000) {
    throw new MillwrightError('MW-CONFIG-VALUE', `"monitors.${name}": window and every are at least 1s`, {
      where: places.at(['monitors', name]),
    });
  }
  if (file.outcome !== undefined && file.metric !== undefined) {
    return { kind: 'performance', outcome: file.outcome, metric: file.metric, ...timing };
  }
  return { kind: 'drift', reference: 'training', ...timing };
}

export function specOf(file: ProjectFile, places: Places): ProjectSpec {
  const datasets = Object.entries(file.datasets).map(
    ([name, one]) =>
      [name, { from: typeof one.from === 'string' ? [one.from] : one.from, checks: one.checks }] as const,
  );
  const pipeline = Object.entries(file.pipeline).map(
    ([name, step]) =>
      [
        name,
        {
          ...(step.run === undefined ? {} : { run: step.run }),
          ...(step.uses === undefined ? {} : { uses: step.uses }),
          in: step.in,
          out: step.out,
          params: step.params,
          timeoutMs: durationMs(step.timeout),
          retries: step.retries,
        },
      ] as const,
  );
  return {
    project: file.project,
    ...(file.description === undefined ? {} : { description: file.description }),
    environment: {
      ...(file.environment.python === undefined ? {} : { python: file.environment.python }),
      ...(file.environment.requirements === undefined ? {} : { requirements: file.environment.requirements }),
    },
    datasets: Object.fromEntries(datasets),
    pipeline: Object.fromEntries(pipeline),
    ...(file.model === undefined
      ? {}
      : {
          model: {
            name: file.model.name,
            artifact: file.model.artifact,
            metrics: file.model.metrics,
            ...(file.model.scores === undefined ? {} : { scores: file.model.scores }),
            gates: gatesOf(file.model.gates, places, ['model', 'gates']),
          },
        }),
    ...(file.endpoint === undefined
      ? {}
      : {
          endpoint: {
            name: file.endpoint.name,
            rollout: rolloutOf(file.endpoint.rollout, places),
            limits: limitsOf(file.endpoint.limits, places),
            log: { sample: percentOf(file.endpoint.log.sample), redact: file.endpoint.log.redact },
          },
        }),
    monitors: Object.fromEntries(
      Object.entries(file.monitors).map(([name, one]) => [name, monitorOf(name, one, places)]),
    ),
    triggers: file.triggers.map((trigger) =>
      trigger.on === 'alert'
        ? { on: 'alert', run: 'pipeline', ...(trigger.monitor === undefined ? {} : { monitor: trigger.monitor }) }
        : trigger,
    ),
  };
}
