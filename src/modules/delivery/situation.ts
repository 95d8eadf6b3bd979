/** What a project is doing now, in one sentence with its slots, and what comes next. */
import type { ProjectRecords } from './stages.ts';

export interface Situation {
  readonly kind: 'new' | 'training' | 'failed' | 'rolling-out' | 'alert' | 'refused' | 'healthy' | 'undeployed';
  readonly text: string;
  readonly version?: number;
  readonly from?: number;
  readonly percent?: number;
  readonly runId?: string;
  readonly runNumber?: number;
  readonly alertId?: string;
  readonly reason?: string;
}

export interface NextStep {
  readonly by: 'system' | 'person';
  readonly text: string;
  readonly command?: string;
  readonly href?: string;
  readonly at?: number;
}

/** Most urgent first: what moves, then what failed, then what warns, then rest. */
export function situationOf(records: ProjectRecords): Situation {
  const { project, run, rollout, endpoint, alert, version, champion } = records;
  if (rollout?.status === 'running') {
    const mirror = endpoint?.mirror?.releaseId === rollout.releaseId ? endpoint.mirror : undefined;
    const shadow = mirror === undefined ? undefined : { ...mirror, percent: 0 };
    const candidate = endpoint?.weights.find((weight) => weight.releaseId === rollout.releaseId) ?? shadow;
    const live = endpoint?.weights.find((weight) => weight.releaseId !== rollout.releaseId);
    const does =
      mirror === undefined
        ? `takes ${candidate?.percent ?? 0}% of calls`
        : `answers copies of ${mirror.percent}% of calls, unseen`;
    return {
      kind: 'rolling-out',
      text: `${project} is replacing its own model: v${candidate?.version ?? '?'} ${does}`,
      ...(candidate === undefined ? {} : { version: candidate.version, percent: candidate.percent }),
      ...(live === undefined ? {} : { from: live.version }),
    };
  }
  if (run?.status === 'running') {
    return {
      kind: 'training',
      text: `${project} is running its pipeline, run ${run.number}`,
      runId: run.id,
      runNumber: run.number,
    };
  }
  if (alert !== undefined)
    return {
      kind: 'alert',
      text: alert.text,
      alertId: alert.id,
      ...(champion === undefined ? {} : { version: champion }),
    };
  if (run?.status === 'failed') {
    const reason = run.error?.message ?? 'unknown reason';
    return {
      kind: 'failed',
      text: `run ${run.number} of ${project} failed: ${reason}`,
      runId: run.id,
      runNumber: run.number,
      reason,
    };
  }
  if (endpoint !== undefined && champion !== undefined)
    return { kind: 'healthy', text: `${project} is healthy: v${champion} takes all calls`, version: champion };
  if (version?.verdict === 'refused') {
    return {
      kind: 'refused',
      text: `v${version.number} of ${project} was refused by its gates`,
      version: version.number,
      ...(version.description === undefined ? {} : { reason: version.description }),
    };
  }
  if (version !== undefined)
    return { kind: 'undeployed', text: `${project} has v${version.number} and no endpoint`, version: version.number };
  return { kind: 'new', text: `${project} has not run yet` };
}

export function nextOf(records: ProjectRecords, situation: Situation): NextStep | undefined {
  const { project, rollout, endpoint } = records;
  switch (situation.kind) {
    case 'rolling-out': {
      const next = rollout?.steps[rollout.stepIndex + 1]?.percent;
      const to = next === undefined ? 'Make it the champion' : `Raise it to ${next}%`;
      const text =
        rollout?.strategy === 'ab'
          ? `Give all calls to the better one when "${rollout.ab?.outcome ?? 'the outcome'}" decides`
          : `${to} after ${holdText(rollout?.hold)}, or roll back if a guard trips`;
      return {
        by: 'system',
        text,
        ...(endpoint === undefined
          ? {}
          : { command: `mw rollback ${endpoint.id}`, href: `/p/${project}/endpoints/${endpoint.id}` }),
      };
    }
    case 'training':
      return {
        by: 'system',
        text: 'Judge the model against the champion on the same data',
        href: `/p/${project}/pipelines/${project}/${situation.runNumber ?? ''}`,
      };
    case 'alert':
      return {
        by: 'system',
        text: 'Try again with the next data',
        href: `/p/${project}/incidents/${situation.alertId?.split('-a').at(-1) ?? ''}`,
      };
    case 'failed':
      return {
        by: 'person',
        text: 'Read the log of the failed step, then run it again',
        command: `mw logs ${situation.runId ?? ''}`,
        href: `/p/${project}/pipelines/${project}/${situation.runNumber ?? ''}`,
      };
    case 'new':
      return { by: 'person', text: 'Run the pipeline', command: 'mw run' };
    case 'undeployed':
      return { by: 'person', text: 'Give it an endpoint', command: `mw deploy ${project}` };
    case 'refused':
      return { by: 'person', text: 'See which gate refused it', href: `/p/${project}/models` };
    case 'healthy':
      return undefined;
  }
}

function holdText(hold: { readonly ms: number; readonly calls: number } | undefined): string {
  if (hold === undefined) return 'its hold';
  const parts = [
    hold.ms > 0 ? `${Math.round(hold.ms / 1000)} s` : '',
    hold.calls > 0 ? `${hold.calls} calls` : '',
  ].filter((part) => part !== '');
  return parts.join(' and ') || 'no hold';
}
