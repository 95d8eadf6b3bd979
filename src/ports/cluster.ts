/** A Kubernetes API server. */
import type { ClusterObject } from '../domain/cluster.ts';

export interface ClusterRef {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

export interface Cluster {
  /** `production (cluster.example:6443)`: what a person must see before changing it. */
  readonly description: string;
  /** Undefined when it is not there. Throws MW-UNAVAILABLE, MW-FORBIDDEN. */
  get(ref: ClusterRef): Promise<ClusterObject | undefined>;
  /**
   * What the API server would make of it, with its own defaults (server-side apply, dry run): nothing changes. Throws MW-INVALID with
   * the field and the reason the API server gave, MW-NOT-FOUND for a namespace or kind that it does not have.
   */
  preview(object: ClusterObject): Promise<ClusterObject>;
  /** Server-side apply as field manager `millwright`. Throws as `preview`, and MW-CONFLICT naming another manager of a field. */
  apply(object: ClusterObject): Promise<ClusterObject>;
  remove(ref: ClusterRef): Promise<void>;
  /** Objects of these kinds in the namespace that carry the labels. A kind the cluster does not have has none. */
  list(
    kinds: readonly Pick<ClusterRef, 'apiVersion' | 'kind'>[],
    namespace: string,
    labels: Readonly<Record<string, string>>,
  ): Promise<readonly ClusterObject[]>;
}
