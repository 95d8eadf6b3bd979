/** The objects against the schemas of the real API (kubernetes-models is generated from its OpenAPI), and the plan over them. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Deployment } from 'kubernetes-models/apps/v1';
import { HorizontalPodAutoscaler } from 'kubernetes-models/autoscaling/v2';
import { PodDisruptionBudget } from 'kubernetes-models/policy/v1';
import { Pod, Service } from 'kubernetes-models/v1';
import { describe, expect, test } from 'vitest';
import type { ClusterObject } from '../../../domain/cluster.ts';
import type { Cluster, ClusterRef } from '../../../ports/cluster.ts';
import { applyCluster, changesBetween, planCluster } from './cluster-plan.ts';
import { inferenceService, kubernetesObjects } from './objects.ts';
import { PREPARE } from './workload.ts';
import type { WorkloadInput } from './workload.ts';

const input: WorkloadInput = {
  name: 'flights',
  namespace: 'ml',
  project: 'flights',
  model: 'flights',
  version: 3,
  image: `registry.example/team/flights@sha256:${'a'.repeat(64)}`,
  route: { endpoint: 'flights-eu' },
  replicas: { min: 2, max: 6 },
  cpu: '500m',
  memory: '1Gi',
  tokenSecret: 'flights-tokens',
};
const kinds = { Deployment, Service, HorizontalPodAutoscaler, PodDisruptionBudget };

/** Throws when the object is not what the API's schema says. */
function validate(object: ClusterObject): void {
  const Kind = kinds[object.kind as keyof typeof kinds];
  new Kind(structuredClone(object) as never).validate();
}

describe('objects', () => {
  test('all four are what the schemas of the API say', () => {
    const objects = kubernetesObjects(input);
    expect(objects.map((object) => object.kind)).toEqual([
      'Deployment',
      'Service',
      'HorizontalPodAutoscaler',
      'PodDisruptionBudget',
    ]);
    for (const object of objects) validate(object);
  });

  test('the check has teeth: a wrong field is refused by the schema', () => {
    const [deployment] = kubernetesObjects(input);
    expect(() => validate({ ...deployment, spec: { template: 1 } } as never)).toThrow();
  });

  test('the pod runs as nobody, on a read-only root, without a service account', () => {
    const [deployment] = kubernetesObjects(input) as unknown as [
      { spec: { template: { spec: { containers: Record<string, unknown>[] } & Record<string, unknown> } } },
    ];
    const pod = deployment.spec.template.spec;
    expect(pod).toMatchObject({ automountServiceAccountToken: false, securityContext: { runAsNonRoot: true } });
    expect(pod.containers[0]).toMatchObject({
      securityContext: { readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } },
    });
  });

  test('under KServe the predictor is a pod like any other', () => {
    const [service] = inferenceService(input, 10) as unknown as [{ spec: { predictor: Record<string, unknown> } }];
    const { minReplicas, maxReplicas, canaryTrafficPercent, scaleMetric, scaleTarget, ...pod } = service.spec.predictor;
    expect({ minReplicas, maxReplicas, canaryTrafficPercent, scaleMetric, scaleTarget }).toEqual({
      minReplicas: 2,
      maxReplicas: 6,
      canaryTrafficPercent: 10,
      scaleMetric: 'cpu',
      scaleTarget: 70,
    });
    new Pod({ metadata: { name: 'x' }, spec: pod as never }).validate();
  });

  test.each([
    ['name', { name: 'Flights_EU' }],
    ['namespace', { namespace: 'a b' }],
    ['image', { image: 'registry.example/flights:latest' }],
    ['cpu', { cpu: 'much' }],
    ['replicas', { replicas: { min: 3, max: 1 } }],
  ])('a wrong %s is named before the cluster is asked', (field, wrong) => {
    expect(() => kubernetesObjects({ ...input, ...wrong })).toThrow(
      expect.objectContaining({ code: 'MW-USAGE', where: `--${field}` }),
    );
  });

  test('the first container gives the endpoint its name and the tokens their place', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'mw-prepare-'));
    try {
      const [from, to, tokens] = ['image', 'state', 'tokens'].map((name) => join(folder, name)) as [
        string,
        string,
        string,
      ];
      await mkdir(join(from, 'plane'), { recursive: true });
      await mkdir(to);
      await mkdir(tokens);
      await writeFile(join(from, 'plane', 'routes.json'), JSON.stringify([{ endpoint: 'flights', epoch: 1 }]));
      await writeFile(join(tokens, 'tokens.json'), '["00"]');
      const env = { FROM: from, TO: to, TOKENS: tokens, MW_ROUTE: JSON.stringify(input.route) };
      await promisify(execFile)(process.execPath, ['-e', PREPARE], { env });
      expect(JSON.parse(await readFile(join(to, 'plane', 'routes.json'), 'utf8'))).toEqual([
        { endpoint: 'flights-eu', epoch: 1 },
      ]);
      expect(await readFile(join(to, 'plane', 'tokens.json'), 'utf8')).toBe('["00"]');
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});

/** Keeps what it is given, with one default of its own, as an API server does. The real one: test/compat/kubernetes. */
function memoryCluster() {
  const objects = new Map<string, ClusterObject>();
  const keyOf = (ref: ClusterRef | ClusterObject): string =>
    'metadata' in ref ? `${ref.kind}/${ref.metadata.name}` : `${ref.kind}/${ref.name}`;
  const filled = (object: ClusterObject): ClusterObject => ({
    ...object,
    spec: { ...(object['spec'] as object), defaulted: true },
    metadata: { ...object.metadata, resourceVersion: String(Math.random()) } as ClusterObject['metadata'],
  });
  const cluster: Cluster = {
    description: 'memory',
    get: async (ref) => objects.get(keyOf(ref)),
    preview: async (object) => filled(object),
    async apply(object) {
      objects.set(keyOf(object), filled(object));
      return filled(object);
    },
    async remove(ref) {
      objects.delete(keyOf(ref));
    },
    list: async (wanted, _namespace, labels) =>
      [...objects.values()].filter(
        (object) =>
          wanted.some(({ kind }) => kind === object.kind) &&
          Object.entries(labels).every(([key, value]) => object.metadata.labels?.[key] === value),
      ),
  };
  return { cluster, objects };
}

describe('plan and apply', () => {
  test('everything is new, then nothing changes, then only what differs, then what is not wanted goes', async () => {
    const { cluster, objects } = memoryCluster();
    const first = await planCluster(cluster, 'flights', kubernetesObjects(input));
    expect(first.changes.map(({ sign, object }) => `${sign} ${object}`)).toEqual([
      '+ Deployment/flights',
      '+ Service/flights',
      '+ HorizontalPodAutoscaler/flights',
      '+ PodDisruptionBudget/flights',
    ]);
    expect(objects.size).toBe(0);
    await applyCluster(cluster, first);
    expect((await planCluster(cluster, 'flights', kubernetesObjects(input))).unchanged).toBe(true);

    const more = await planCluster(cluster, 'flights', kubernetesObjects({ ...input, replicas: { min: 2, max: 9 } }));
    expect(more.changes.filter(({ sign }) => sign !== '=')).toEqual([
      {
        sign: '~',
        object: 'HorizontalPodAutoscaler/flights',
        fields: [{ path: 'spec.maxReplicas', from: 6, to: 9 }],
      },
    ]);

    const kserve = await planCluster(cluster, 'flights', inferenceService(input, undefined));
    expect(kserve.changes.map(({ sign, object }) => `${sign} ${object}`)).toEqual([
      '+ InferenceService/flights',
      '- Deployment/flights',
      '- Service/flights',
      '- HorizontalPodAutoscaler/flights',
      '- PodDisruptionBudget/flights',
    ]);
    await applyCluster(cluster, kserve);
    expect([...objects.keys()]).toEqual(['InferenceService/flights']);
  });

  test('what the server keeps of its own and the status are no changes', () => {
    const [object] = kubernetesObjects(input);
    if (object === undefined) throw new Error('no object');
    const kept = {
      ...object,
      status: { replicas: 2 },
      metadata: { ...object.metadata, uid: 'u', generation: 4, managedFields: [] },
    } as unknown as ClusterObject;
    expect(changesBetween(kept, object)).toEqual([]);
  });
});
