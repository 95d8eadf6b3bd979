/** What is deleted and still restorable, and its removal for good. Called by the collector only. */
import type { ArtifactOwner } from '../domain/tracking.ts';

export interface DeletedThing {
  readonly kind: 'run' | 'experiment' | 'logged-model';
  readonly id: string;
  /** Its name, for a person. */
  readonly label: string;
  readonly experimentId: string;
  /** Of a logged model. */
  readonly sourceRunId?: string;
  readonly deletedAt: number;
}

/** Ids of things whose rows go. */
export interface Removal {
  readonly runs: readonly string[];
  readonly loggedModels: readonly string[];
  readonly experiments: readonly string[];
}

export interface RetentionStore {
  /** Deleted experiments, runs and logged models, the last deleted first. A run of a deleted experiment is deleted with it. */
  trash(limit: number): Promise<{ readonly items: readonly DeletedThing[]; readonly total: number }>;
  /** All that were deleted at or before that moment. */
  deletedBefore(at: number): Promise<readonly DeletedThing[]>;
  /** Those of these that are still deleted, since at least that moment: asked again inside the transaction that removes them. */
  stillDeleted(ids: readonly string[], kind: DeletedThing['kind'], at: number): Promise<readonly DeletedThing[]>;
  /** Logged models made by these runs, also those that are not deleted. */
  modelsOfRuns(runIds: readonly string[]): Promise<readonly { readonly id: string; readonly sourceRunId: string }[]>;
  /** Everything that is in an experiment, deleted or not. */
  contents(experimentId: string): Promise<{
    readonly runs: readonly string[];
    readonly loggedModels: readonly string[];
    readonly traces: readonly string[];
  }>;
  /** Bytes that the artifacts of these owners name, by owner id. */
  namedBytes(kind: ArtifactOwner['kind'], ids: readonly string[]): Promise<ReadonlyMap<string, number>>;
  /**
   * Removes the rows of these things and of what belongs to them: points, params, tags, links, artifact rows.
   * The traces of an experiment go before, by TraceStore.deleteTraces. Must be called in a transaction. Blobs stay: what a row named is collected when no row names it.
   */
  remove(removal: Removal): Promise<void>;
  /** Takes a logged model out of the trash. False: it is not there. */
  restoreModel(id: string, now: number): Promise<boolean>;
  /** Removes jobs that were done and made before `at`; returns how many. `apply` false only counts. */
  doneJobs(at: number, apply: boolean): Promise<number>;
}
