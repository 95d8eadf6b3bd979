/** Incidents, refusals, promotions and failures → the configured notifiers, once each by event id. */
import type { DomainEvent, EventType } from '../../domain/events.ts';
import type { Notifier } from '../../ports/notifier.ts';
import type { Reaction } from '../dispatcher.ts';

const TYPES: readonly EventType[] = [
  'alert.fired',
  'alert.resolved',
  'pipeline_run.failed',
  'model_version.registered',
  'rollout.promoted',
  'rollout.rolled_back',
  'endpoint.rolled_back',
];

function sentence(event: DomainEvent): string {
  switch (event.type) {
    case 'alert.fired':
    case 'alert.resolved':
      return event.data.text;
    case 'pipeline_run.failed':
      return `Run ${event.data.number} of ${event.project} failed: ${event.data.message}`;
    case 'model_version.registered':
      return `${event.data.model} v${event.data.version} ${event.data.verdict}: ${event.data.reason}`;
    case 'rollout.promoted':
      return `v${event.data.version} takes all calls of ${event.data.endpoint}`;
    case 'rollout.rolled_back':
      return `v${event.data.version} was taken back from ${event.data.endpoint}: ${event.data.reason}`;
    case 'endpoint.rolled_back':
      return `${event.data.endpoint} went back from v${event.data.from} to v${event.data.to}`;
    default:
      return event.type;
  }
}

export function notifyOutside(notifier: Notifier, url: () => string): Reaction {
  return {
    name: 'notify',
    types: TYPES,
    handle: (event) =>
      notifier.notify({
        key: event.id,
        type: event.type,
        at: event.at,
        project: event.project,
        text: sentence(event),
        url: url(),
        data: event.data,
      }),
  };
}
