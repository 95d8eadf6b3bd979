/** The metadata store: one small interface per aggregate, one transaction over all of them. */
import type { DatasetVersion } from '../domain/datasets.ts';
import type { Endpoint, Image, Release, Rollout } from '../domain/deployments.ts';
import type { Environment } from '../domain/environments.ts';
import type { DomainEvent, EventType, NewEvent } from '../domain/events.ts';
import type { AuditEntry, Token } from '../domain/identity.ts';
import type { Alert, Evaluation } from '../domain/monitoring.ts';
import type { PipelineRun, StepRun } from '../domain/pipelines.ts';
import type { EnvironmentProof, ModelVersion, RegisteredModel, Webhook } from '../domain/registry.ts';
import type { SavedView, Upload, WandbRun } from '../domain/tracking.ts';
import type { Collection, Doc } from './collection.ts';
import type { RetentionStore } from './retention-store.ts';
import type { TableSource } from './table-source.ts';
import type { TrackingStore } from './tracking-store.ts';

/** The last known text of a project's file, so that the plane and the pages work without the folder. */
export interface ProjectRecord extends Doc {
  readonly fileDigest: string;
  readonly file: string;
  readonly root: string;
}

/** The indexed fields of each collection. SQL adapters make a column and an index for each; the rest is a JSON document. */
export const COLLECTIONS = {
  projects: [],
  datasetVersions: ['project', 'name', 'digest'],
  environments: ['digest'],
  pipelineRuns: ['project', 'status', 'environmentId'],
  stepRuns: ['pipelineRunId', 'status', 'cacheKey', 'datasetVersionId'],
  models: [],
  versions: ['model', 'number', 'runId', 'verdict', 'modelId'],
  images: ['model', 'version'],
  releases: ['endpoint', 'model', 'version'],
  endpoints: ['project'],
  rollouts: ['endpoint', 'status'],
  evaluations: ['monitorId', 'project', 'to'],
  alerts: ['monitorId', 'project', 'status'],
  tokens: ['hash'],
  audit: ['actor'],
  webhooks: [],
  uploads: [],
  savedViews: ['place'],
  wandbRuns: ['runId'],
  proofs: ['model', 'version'],
} as const satisfies Record<string, readonly string[]>;

/** Fields that may not repeat within a collection, each a set of indexed fields. */
export const UNIQUE = {
  versions: [['model', 'number']],
  evaluations: [['monitorId', 'to']],
  tokens: [['hash']],
} as const satisfies { [C in keyof typeof COLLECTIONS]?: readonly (readonly (typeof COLLECTIONS)[C][number][])[] };

export type CollectionName = keyof typeof COLLECTIONS;

interface Docs {
  projects: ProjectRecord;
  datasetVersions: DatasetVersion;
  environments: Environment;
  pipelineRuns: PipelineRun;
  stepRuns: StepRun;
  models: RegisteredModel;
  versions: ModelVersion;
  images: Image;
  releases: Release;
  endpoints: Endpoint;
  rollouts: Rollout;
  evaluations: Evaluation;
  alerts: Alert;
  tokens: Token;
  audit: AuditEntry;
  webhooks: Webhook;
  uploads: Upload;
  savedViews: SavedView;
  wandbRuns: WandbRun;
  proofs: EnvironmentProof;
}

type Collections = { readonly [C in CollectionName]: Collection<Docs[C], (typeof COLLECTIONS)[C][number]> };

export interface EventQuery {
  readonly after?: number;
  readonly before?: number;
  readonly project?: string;
  readonly types?: readonly EventType[];
  /** Default 100, at most 1,000. */
  readonly limit?: number;
  readonly order?: 'oldest' | 'newest';
}

/** The outbox: an append-only log of domain events with one durable cursor per handler. */
export interface EventLog {
  append(event: NewEvent): Promise<DomainEvent>;
  find(query: EventQuery): Promise<readonly DomainEvent[]>;
  cursor(handler: string): Promise<number>;
  /** Never moves back. */
  advance(handler: string, seq: number): Promise<void>;
}

/** A unit of work with a lease. The fence rises with every claim, so a worker that lost its lease cannot finish. */
export interface Job {
  readonly id: string;
  readonly createdAt: number;
  readonly queue: string;
  readonly payload: string;
  readonly state: 'ready' | 'leased' | 'done';
  readonly owner?: string;
  readonly fence: number;
  readonly leaseUntil?: number;
}

export interface JobStore {
  /** Idempotent by id: a second add of the same id does nothing. */
  add(job: {
    readonly id: string;
    readonly queue: string;
    readonly payload: string;
    readonly at: number;
  }): Promise<void>;
  /** The oldest job that is ready or whose lease is over; sets owner, raises the fence. */
  claim(queue: string, owner: string, now: number, leaseMs: number): Promise<Job | undefined>;
  /** False: the lease went to another worker. */
  heartbeat(id: string, fence: number, now: number, leaseMs: number): Promise<boolean>;
  /** False: the lease went to another worker and nothing may be published. */
  finish(id: string, fence: number): Promise<boolean>;
  /** Back to ready, for another try. */
  release(id: string, fence: number): Promise<boolean>;
  list(queue: string): Promise<readonly Job[]>;
}

export interface Stores extends Collections {
  readonly tracking: TrackingStore;
  readonly events: EventLog;
  readonly jobs: JobStore;
  readonly retention: RetentionStore;
  readonly tables: TableSource;
  /** Raises and returns the named counter (1 at first): numbers of runs, alerts, releases. */
  counter(name: string): Promise<number>;
}

export interface StoreCaps {
  readonly engine: string;
  /** Several processes may open it at once. */
  readonly multiProcess: boolean;
  readonly durable: boolean;
}

/** All reads outside `transaction` see committed data only. `transaction` commits everything or nothing and is durable when it resolves. */
export interface MetadataStore extends Stores {
  readonly caps: StoreCaps;
  transaction<T>(work: (tx: Stores) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}
