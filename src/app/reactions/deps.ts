/** What the reactions share: the doors of the modules they join. */
import type { Deployments, Servables } from '../../modules/deployments/index.ts';
import type { Packaging } from '../../modules/packaging/index.ts';
import type { Pipelines } from '../../modules/pipelines/index.ts';
import type { Registry } from '../../modules/registry/index.ts';
import type { AnalyticsStore } from '../../ports/analytics-store.ts';
import type { ArtifactStore } from '../../ports/artifact-store.ts';
import type { Clock, Ids } from '../../ports/clock.ts';
import type { Context, Log } from '../../ports/context.ts';
import type { MetadataStore } from '../../ports/metadata-store.ts';
import type { DomainEvent } from '../../domain/events.ts';
import type { Projects } from '../projects.ts';

export interface LoopDeps {
  readonly store: MetadataStore;
  readonly artifacts: ArtifactStore;
  readonly analytics: AnalyticsStore;
  readonly projects: Projects;
  readonly pipelines: Pipelines;
  readonly registry: Registry;
  readonly packaging: Packaging;
  readonly deployments: Deployments;
  readonly servables: Servables;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Log;
  /** A folder for short-lived files of this server. */
  readonly scratch: string;
}

/** The system acts; the event that made it act is the cause that the timeline shows. */
export function systemContext(deps: { readonly log: Log }, signal: AbortSignal, cause?: DomainEvent): Context {
  return {
    principal: { name: 'system', role: 'admin' },
    log: deps.log,
    signal,
    ...(cause === undefined ? {} : { cause: cause.id }),
  };
}
