/** `mw deploy --target kubernetes`: a release of this home as objects of a cluster. */
import { createHash, randomBytes } from 'node:crypto';
import type { ClusterChange, ClusterObject } from '../domain/cluster.ts';
import { MillwrightError } from '../domain/errors.ts';
import { applyCluster, inferenceService, kubernetesObjects, planCluster } from '../modules/deployments/index.ts';
import type { Cluster } from '../ports/cluster.ts';
import { plugin } from './plugins.ts';

export interface KubernetesTarget {
  readonly name: string;
  readonly namespace: string;
  readonly project: string;
  readonly model: string;
  readonly version: number;
  readonly image: string;
  readonly endpoint: string;
  readonly replicas: { readonly min: number; readonly max: number };
  readonly cpu: string;
  readonly memory: string;
  readonly kserve: boolean;
  readonly canaryPercent?: number;
}

export interface ClusterAccess {
  readonly context?: string;
  readonly kubeconfig?: string;
  readonly force?: boolean;
}

export interface PlannedCluster {
  readonly cluster: string;
  readonly changes: readonly ClusterChange[];
  readonly unchanged: boolean;
  /** Does it. `token`: made just now, to be shown once; absent when the Secret was there already. */
  apply(): Promise<{ readonly token?: string }>;
}

const secretName = (target: KubernetesTarget): string => `${target.name}-tokens`;

/** The objects without a cluster, to print or to commit. The Secret with the token hashes is not among them. */
export function manifests(target: KubernetesTarget): readonly ClusterObject[] {
  const input = { ...target, route: { endpoint: target.endpoint }, tokenSecret: secretName(target) };
  return target.kserve ? inferenceService(input, target.canaryPercent) : kubernetesObjects(input);
}

function tokenSecret(target: KubernetesTarget, token: string): ClusterObject {
  const hash = createHash('sha256').update(token).digest('hex');
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: secretName(target), namespace: target.namespace },
    type: 'Opaque',
    stringData: { 'tokens.json': JSON.stringify([hash]) },
  };
}

/** Asks the cluster and changes nothing there. Throws what the cluster refuses, with the field. */
export async function planKubernetes(target: KubernetesTarget, access: ClusterAccess): Promise<PlannedCluster> {
  const objects = manifests(target);
  const { openCluster } = await plugin('cluster', 'kubernetes');
  const cluster: Cluster = openCluster(access);
  const plan = await planCluster(cluster, target.name, objects);
  const secret = { apiVersion: 'v1', kind: 'Secret', name: secretName(target), namespace: target.namespace };
  const missing = (await cluster.get(secret)) === undefined;
  const changes: readonly ClusterChange[] = missing
    ? [{ sign: '+', object: `Secret/${secret.name}`, fields: [] }, ...plan.changes]
    : plan.changes;
  return {
    cluster: plan.cluster,
    changes,
    unchanged: plan.unchanged && !missing,
    async apply() {
      const token = missing ? randomBytes(32).toString('base64url') : undefined;
      if (token !== undefined) await cluster.apply(tokenSecret(target, token));
      await applyCluster(cluster, plan);
      return token === undefined ? {} : { token };
    },
  };
}

interface Workload {
  readonly status?: {
    readonly observedGeneration?: number;
    readonly updatedReplicas?: number;
    readonly availableReplicas?: number;
    readonly replicas?: number;
    readonly conditions?: readonly { readonly type: string; readonly status: string; readonly message?: string }[];
  };
}

/** `ready`, or why it is not yet; throws MW-STATE when the cluster has given up. */
export async function clusterState(target: KubernetesTarget, access: ClusterAccess): Promise<string> {
  const { openCluster } = await plugin('cluster', 'kubernetes');
  const [apiVersion, kind] = target.kserve
    ? ['serving.kserve.io/v1beta1', 'InferenceService']
    : ['apps/v1', 'Deployment'];
  const ref = { apiVersion, kind, name: target.name, namespace: target.namespace };
  const found = await openCluster(access).get(ref);
  const generation = (found?.metadata as { generation?: number } | undefined)?.generation ?? 0;
  const { status = {} } = (found ?? {}) as Workload;
  const failed = status.conditions?.find((one) => one.type === 'Progressing' && one.status === 'False');
  if (failed !== undefined)
    throw new MillwrightError('MW-STATE', `the new pods do not become ready: ${failed.message ?? ''}`, {
      where: `${kind}/${target.name}`,
      next: `kubectl -n ${target.namespace} describe pods -l app.kubernetes.io/instance=${target.name}`,
    });
  if (target.kserve) {
    const ready = status.conditions?.find((one) => one.type === 'Ready');
    return ready?.status === 'True' ? 'ready' : (ready?.message ?? 'not ready yet');
  }
  const { observedGeneration = 0, updatedReplicas = 0, availableReplicas = 0, replicas = 0 } = status;
  const done = observedGeneration >= generation && updatedReplicas > 0 && updatedReplicas === replicas;
  return done && availableReplicas >= updatedReplicas
    ? 'ready'
    : `${availableReplicas} of ${Math.max(replicas, target.replicas.min)} pods ready`;
}
