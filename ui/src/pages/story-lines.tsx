/** Events in words. An event that only moves a progress bar has no line. */
import type { ReactNode } from 'react';
import { addresses, numberOf } from '../api/addresses.ts';
import type { LoopEvent } from '../api/types.ts';
import type { Key } from '../i18n/messages.ts';
import type { Text } from '../i18n/use-text.tsx';
import { Go } from '../parts/go.tsx';
import type { MarkKind } from '../parts/status-mark.tsx';
import type { StoryLine } from '../parts/story.tsx';

const text = (event: LoopEvent, key: string): string => {
  const value = event.data[key];
  return typeof value === 'string' ? value : '';
};
const count = (event: LoopEvent, key: string): number | undefined => {
  const value = event.data[key];
  return typeof value === 'number' ? value : undefined;
};

const MARKS: Readonly<Record<string, MarkKind>> = {
  'alert.fired': 'warning',
  'alert.resolved': 'passed',
  'pipeline_run.failed': 'failed',
  'rollout.rolled_back': 'warning',
  'rollout.promoted': 'passed',
  'trigger.skipped': 'unknown',
  'reaction.gave_up': 'failed',
  'model.unchanged': 'done',
  'data_plane.restarted': 'warning',
};

interface Said {
  readonly what: ReactNode;
  readonly why?: ReactNode;
}

function say(event: LoopEvent, { t, tx, f }: Text): Said | undefined {
  const project = event.project;
  const version = count(event, 'version') ?? count(event, 'to');
  const model = text(event, 'model');
  const v =
    version === undefined ? (
      ''
    ) : model === '' ? (
      <b>v{version}</b>
    ) : (
      <Go to={addresses.version(project, model, version)}>v{version}</Go>
    );
  const from = count(event, 'from');
  const endpoint = text(event, 'endpoint');
  const endpointLink = <Go to={addresses.endpoint(project, endpoint)}>{endpoint}</Go>;
  const number = count(event, 'number');
  const run = number === undefined ? '' : <Go to={addresses.pipelineRun(project, number)}>{number}</Go>;
  const was = (key: Key): string | undefined => (from === undefined ? undefined : t(key, { from }));
  const why = (value: string | undefined): { why?: string } =>
    value === undefined || value === '' ? {} : { why: value };
  switch (event.type) {
    case 'project.attached':
      return { what: t('event.project.attached'), ...why(text(event, 'file')) };
    case 'dataset.versioned':
      return {
        what: t('event.dataset.versioned', { name: text(event, 'name'), rows: count(event, 'rows') ?? 0 }),
        why: t('event.dataset.versioned.why', {
          bytes: f.bytes(count(event, 'bytes') ?? 0),
          version: text(event, 'version').split('/').at(-1) ?? '',
        }),
      };
    case 'environment.built':
      return {
        what: t('event.environment.built'),
        why: t('event.environment.built.why', {
          packages: count(event, 'packages') ?? 0,
          time: f.duration(count(event, 'ms') ?? 0),
        }),
      };
    case 'pipeline_run.started':
      return { what: tx('event.pipeline_run.started', { n: run }), ...why(text(event, 'cause')) };
    case 'pipeline_run.succeeded': {
      const reused = count(event, 'reused') ?? 0;
      return {
        what: tx('event.pipeline_run.succeeded', { n: run, time: f.duration(count(event, 'ms') ?? 0) }),
        ...why(reused === 0 ? undefined : t('event.pipeline_run.succeeded.why', { reused })),
      };
    }
    case 'pipeline_run.failed':
      return {
        what: tx('event.pipeline_run.failed', { n: run }),
        why: `${text(event, 'code')}: ${text(event, 'message')}`,
      };
    case 'pipeline_run.cancelled':
      return { what: tx('event.pipeline_run.cancelled', { n: run }) };
    case 'model.unchanged':
      return { what: t('event.model.unchanged', { version: version ?? 0 }), why: t('event.model.unchanged.why') };
    case 'model_version.registered': {
      const verdict = text(event, 'verdict');
      const key =
        verdict === 'accepted'
          ? 'event.registered.accepted'
          : verdict === 'refused'
            ? 'event.registered.refused'
            : 'event.registered.unjudged';
      return { what: tx(key, { v }), ...why(text(event, 'reason')) };
    }
    case 'alias.moved':
      return version === undefined
        ? { what: t('event.alias.removed', { alias: text(event, 'alias'), model }) }
        : {
            what: tx('event.alias.moved', { alias: <b>{text(event, 'alias')}</b>, model, v }),
            ...why(was('event.alias.moved.why')),
          };
    case 'alias.refused':
      return {
        what: tx('event.alias.refused', { v, alias: <b>{text(event, 'alias')}</b> }),
        ...why(text(event, 'reason')),
      };
    case 'environment.proof_ended':
      return {
        what: tx(event.data['proven'] === true ? 'event.proof.proven' : 'event.proof.failed', { v }),
        ...why(text(event, 'reason')),
      };
    case 'image.built':
      return {
        what: tx('event.image.built', { v }),
        why: `${f.bytes(count(event, 'bytes') ?? 0)}, ${text(event, 'digest').slice(0, 19)}…`,
      };
    case 'release.created':
      return { what: tx('event.release.created', { v, endpoint: endpointLink }) };
    case 'rollout.started':
      return {
        what: tx('event.rollout.started', { v, endpoint: endpointLink }),
        ...why(was('event.rollout.started.why')),
      };
    case 'rollout.stepped':
      return {
        what: tx('event.rollout.stepped', { v, percent: count(event, 'percent') ?? 0 }),
        ...why(text(event, 'reason')),
      };
    case 'rollout.promoted':
      return {
        what: tx('event.rollout.promoted', { v, endpoint: endpointLink }),
        ...why(was('event.rollout.promoted.why')),
      };
    case 'rollout.rolled_back':
      return { what: tx('event.rollout.rolled_back', { v }), ...why(text(event, 'reason')) };
    case 'endpoint.rolled_back':
      return {
        what: tx('event.endpoint.rolled_back', {
          endpoint: endpointLink,
          v: <b>v{version}</b>,
          time: f.duration(count(event, 'ms') ?? 0),
        }),
        ...why(was('event.endpoint.rolled_back.why')),
      };
    case 'alert.fired':
    case 'alert.resolved': {
      const n = numberOf(text(event, 'alertId'));
      const name = n === undefined ? '' : <Go to={addresses.incident(project, n)}>{n}</Go>;
      const fired = event.type === 'alert.fired';
      return {
        what: tx(fired ? 'event.alert.fired' : 'event.alert.resolved', {
          n: name,
          monitor: text(event, 'monitorId').split('/').at(-1) ?? '',
        }),
        ...why(text(event, 'text')),
      };
    }
    case 'trigger.skipped':
      return { what: t('event.trigger.skipped'), ...why(text(event, 'reason')) };
    case 'reaction.gave_up':
      return {
        what: t('event.reaction.gave_up', { reaction: text(event, 'reaction') }),
        ...why(text(event, 'message')),
      };
    case 'data_plane.restarted':
      return { what: t('event.data_plane.restarted'), ...why(text(event, 'reason')) };
    default:
      return undefined;
  }
}

function markOf(event: LoopEvent): MarkKind {
  if (event.type === 'model_version.registered')
    return text(event, 'verdict') === 'accepted' ? 'passed' : text(event, 'verdict') === 'refused' ? 'warning' : 'done';
  return MARKS[event.type] ?? (event.actor === 'system' ? 'self' : 'person');
}

/** Events as lines of a story, in the order given. */
export function storyLines(events: readonly LoopEvent[], words: Text): readonly StoryLine[] {
  return events.flatMap((event): StoryLine[] => {
    const said = say(event, words);
    if (said === undefined) return [];
    return [
      {
        key: event.id,
        at: event.at,
        mark: markOf(event),
        what: said.what,
        ...(said.why === undefined ? {} : { why: said.why }),
        aside: event.project,
      },
    ];
  });
}
