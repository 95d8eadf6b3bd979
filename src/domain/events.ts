/** Domain events: what happened, for the timeline, the reactions, webhooks and SSE. Written to the outbox in the transaction of the change. */

export interface EventData {
  'project.attached': { readonly file: string };
  'dataset.versioned': {
    readonly name: string;
    readonly version: string;
    readonly rows: number;
    readonly bytes: number;
  };
  'environment.built': { readonly environmentId: string; readonly packages: number; readonly ms: number };
  'environment.proof_ended': {
    readonly model: string;
    readonly version: number;
    readonly proofId: string;
    readonly proven: boolean;
    readonly reason: string;
  };
  'pipeline_run.started': { readonly runId: string; readonly number: number; readonly cause: string };
  'step_run.changed': { readonly runId: string; readonly step: string; readonly status: string };
  'pipeline_run.succeeded': {
    readonly runId: string;
    readonly number: number;
    readonly ms: number;
    readonly reused: number;
  };
  'pipeline_run.failed': {
    readonly runId: string;
    readonly number: number;
    readonly code: string;
    readonly message: string;
  };
  'pipeline_run.cancelled': { readonly runId: string; readonly number: number };
  'model.unchanged': { readonly runId: string; readonly model: string; readonly version: number };
  'registered_model.created': { readonly model: string };
  /** A tag of a model (no version) or of a version; no value: it was taken away. */
  'registry_tag.changed': {
    readonly model: string;
    readonly version?: number;
    readonly key: string;
    readonly value?: string;
  };
  'model_version.registered': {
    readonly model: string;
    readonly version: number;
    readonly verdict: string;
    readonly reason: string;
    readonly runId?: string;
  };
  'alias.moved': { readonly model: string; readonly alias: string; readonly from?: number; readonly to?: number };
  /** The alias stays where it was: what failed is kept on the version. */
  'alias.refused': {
    readonly model: string;
    readonly alias: string;
    readonly version: number;
    readonly reason: string;
  };
  'image.built': { readonly model: string; readonly version: number; readonly digest: string; readonly bytes: number };
  'release.created': { readonly endpoint: string; readonly releaseId: string; readonly version: number };
  'rollout.started': {
    readonly endpoint: string;
    readonly rolloutId: string;
    readonly version: number;
    readonly from?: number;
  };
  'rollout.stepped': {
    readonly endpoint: string;
    readonly rolloutId: string;
    readonly version: number;
    readonly percent: number;
    readonly reason: string;
  };
  'rollout.promoted': {
    readonly endpoint: string;
    readonly rolloutId: string;
    readonly version: number;
    readonly from?: number;
  };
  'rollout.rolled_back': {
    readonly endpoint: string;
    readonly rolloutId: string;
    readonly version: number;
    readonly to?: number;
    readonly reason: string;
  };
  /** Its limits or its log changed, without a new release. */
  'endpoint.changed': { readonly endpoint: string; readonly changes: readonly string[] };
  'endpoint.rolled_back': {
    readonly endpoint: string;
    readonly from: number;
    readonly to: number;
    readonly ms: number;
  };
  'monitor.evaluated': {
    readonly monitorId: string;
    readonly evaluationId: string;
    readonly to: number;
    readonly breached: boolean | undefined;
  };
  'alert.fired': { readonly alertId: string; readonly monitorId: string; readonly text: string };
  /** One further breached evaluation of an alert that already fires: its triggers may act again. */
  'alert.continued': { readonly alertId: string; readonly monitorId: string; readonly text: string };
  'alert.resolved': { readonly alertId: string; readonly monitorId: string; readonly text: string };
  'trigger.skipped': { readonly reason: string; readonly alertId?: string };
  /** A handler of the loop failed for good: the loop stands still here until a person acts. */
  'reaction.gave_up': {
    readonly reaction: string;
    readonly event: string;
    readonly code: string;
    readonly message: string;
    readonly runId?: string;
  };
  /** Deleted things and what nothing reached were removed for good. */
  'storage.collected': { readonly items: number; readonly freedBytes: number; readonly kept: number };
  'data_plane.restarted': { readonly pid: number; readonly reason: string };
}

export type EventType = keyof EventData;

export type DomainEvent = {
  readonly [T in EventType]: {
    readonly id: string;
    /** Position in the log: strictly rising, never reused; the cursor of SSE and of handlers. */
    readonly seq: number;
    readonly type: T;
    readonly at: number;
    readonly project: string;
    /** `system` or the name of the principal. */
    readonly actor: string;
    /** Id of the event that made this one happen. */
    readonly cause?: string;
    readonly data: EventData[T];
  };
}[EventType];

/** What a change hands to the outbox; the store adds seq. */
export type NewEvent = { readonly [T in EventType]: Omit<Extract<DomainEvent, { type: T }>, 'seq'> }[EventType];
