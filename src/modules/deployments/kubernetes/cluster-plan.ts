/** What applying objects would change in a cluster, and doing it. */
import type { ClusterChange, ClusterObject, FieldChange, Json } from '../../../domain/cluster.ts';
import type { Cluster, ClusterRef } from '../../../ports/cluster.ts';
import { OWNED_KINDS } from './objects.ts';
import { selectorOf } from './workload.ts';

export interface ClusterPlan {
  readonly cluster: string;
  readonly changes: readonly ClusterChange[];
  readonly objects: readonly ClusterObject[];
  readonly removals: readonly ClusterRef[];
  readonly unchanged: boolean;
}

/** The server's own bookkeeping: it moves without anybody changing anything. */
const SERVERS_OWN = new Set(['managedFields', 'resourceVersion', 'uid', 'creationTimestamp', 'generation', 'selfLink']);
const REVISION = 'deployment.kubernetes.io/revision';

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function compare(from: unknown, to: unknown, path: string, found: FieldChange[]): void {
  if (isObject(from) && isObject(to)) {
    for (const key of new Set([...Object.keys(from), ...Object.keys(to)])) {
      if (path === 'metadata' && SERVERS_OWN.has(key)) continue;
      if (path === 'metadata.annotations' && key === REVISION) continue;
      compare(from[key], to[key], path === '' ? key : `${path}.${key}`, found);
    }
    return;
  }
  if (Array.isArray(from) && Array.isArray(to)) {
    for (let index = 0; index < Math.max(from.length, to.length); index += 1)
      compare(from[index], to[index], `${path}[${index}]`, found);
    return;
  }
  if (from !== to) found.push({ path, from: from as Json | undefined, to: to as Json | undefined });
}

/** Fields that differ between what is and what the server would make of it; `status` is the cluster's, not ours. */
export function changesBetween(now: ClusterObject, next: ClusterObject): readonly FieldChange[] {
  const found: FieldChange[] = [];
  const { status: _now, ...before } = now;
  const { status: _next, ...after } = next;
  compare(before, after, '', found);
  return found;
}

const refOf = ({ apiVersion, kind, metadata }: ClusterObject): ClusterRef => ({
  apiVersion,
  kind,
  name: metadata.name,
  namespace: metadata.namespace,
});
const nameOf = (ref: Pick<ClusterRef, 'kind' | 'name'>): string => `${ref.kind}/${ref.name}`;

/** Asks the API server and changes nothing. Objects of ours that are not wanted any more are removed, among the kinds we make. */
export async function planCluster(
  cluster: Cluster,
  endpoint: string,
  objects: readonly ClusterObject[],
): Promise<ClusterPlan> {
  const namespace = objects[0]?.metadata.namespace ?? 'default';
  const changes: ClusterChange[] = [];
  for (const object of objects) {
    const now = await cluster.get(refOf(object));
    // Also for a new one: what the server would refuse is to be known before anything is done.
    const next = await cluster.preview(object);
    const fields = now === undefined ? [] : changesBetween(now, next);
    const sign = now === undefined ? '+' : fields.length === 0 ? '=' : '~';
    changes.push({ sign, object: nameOf(refOf(object)), fields });
  }
  const labels = { ...selectorOf(endpoint), 'app.kubernetes.io/managed-by': 'millwright' };
  const owned = await cluster.list(OWNED_KINDS, namespace, labels);
  const wanted = new Set(objects.map((object) => nameOf(refOf(object))));
  const removals = owned.map(refOf).filter((ref) => !wanted.has(nameOf(ref)));
  for (const ref of removals) changes.push({ sign: '-', object: nameOf(ref), fields: [] });
  return {
    cluster: cluster.description,
    changes,
    objects,
    removals,
    unchanged: changes.every((change) => change.sign === '='),
  };
}

/** Does what the plan says, the new before the old goes. Applying the same plan again changes nothing. */
export async function applyCluster(cluster: Cluster, plan: ClusterPlan): Promise<void> {
  for (const object of plan.objects) await cluster.apply(object);
  for (const ref of plan.removals) await cluster.remove(ref);
}
