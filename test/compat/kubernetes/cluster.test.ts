/** Plan and apply against a real Kubernetes API server: what it accepts, defaults, refuses and keeps. */
import { existsSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadAllYaml } from '@kubernetes/client-node';
import { clusterState, planKubernetes } from '../../../src/app/deploy-kubernetes.ts';
import type { KubernetesTarget } from '../../../src/app/deploy-kubernetes.ts';
import { openCluster } from '../../../src/adapters/cluster-kubernetes/index.ts';
import type { ClusterObject } from '../../../src/domain/cluster.ts';
import { programs, startApiServer } from './api-server.ts';
import type { ApiServer } from './api-server.ts';

const found = programs();
if (found === undefined)
  process.stderr.write(
    'NOT RUN: a real Kubernetes API server (7 tests): install it: setup-envtest use, then put etcd and kube-apiserver on the PATH\n',
  );
/** KServe's own definition of an InferenceService: config/crd/full/serving.kserve.io_inferenceservices.yaml of its release. */
const kserve = process.env['MW_TEST_KSERVE_CRD'];
if (found !== undefined && (kserve === undefined || !existsSync(kserve)))
  process.stderr.write(
    'NOT RUN: an InferenceService against its real definition (1 test): name the file in MW_TEST_KSERVE_CRD\n',
  );

const target: KubernetesTarget = {
  name: 'flights',
  namespace: 'ml',
  project: 'flights',
  model: 'flights',
  version: 3,
  endpoint: 'flights',
  image: `registry.example/team/flights@sha256:${'a'.repeat(64)}`,
  replicas: { min: 2, max: 6 },
  cpu: '500m',
  memory: '1Gi',
  kserve: false,
};

describe.skipIf(found === undefined)('a real API server', () => {
  let api: ApiServer;
  beforeAll(async () => {
    if (found !== undefined) api = await startApiServer(found);
  }, 90_000);
  afterAll(() => api?.stop());

  test('a plan changes nothing; applied, it is there; again, there is nothing to do', async () => {
    const first = await planKubernetes(target, api);
    expect(first.changes.map(({ sign, object }) => `${sign} ${object}`)).toEqual([
      '+ Secret/flights-tokens',
      '+ Deployment/flights',
      '+ Service/flights',
      '+ HorizontalPodAutoscaler/flights',
      '+ PodDisruptionBudget/flights',
    ]);
    expect((await planKubernetes(target, api)).unchanged).toBe(false);
    const { token } = await first.apply();
    expect(token).toMatch(/^[\w-]{43}$/);
    const again = await planKubernetes(target, api);
    expect(again.changes.filter(({ sign }) => sign !== '=')).toEqual([]);
    expect(again.unchanged).toBe(true);
    expect((await again.apply()).token).toBeUndefined();
  });

  test('another version and more pods: exactly those fields', async () => {
    const next = { ...target, version: 4, image: target.image.replace('a'.repeat(64), 'b'.repeat(64)) };
    const plan = await planKubernetes({ ...next, replicas: { min: 3, max: 6 } }, api);
    const deployment = plan.changes.find(({ object }) => object === 'Deployment/flights');
    expect(deployment?.fields.map(({ path }) => path)).toContain('spec.template.spec.containers[0].image');
    const scaler = plan.changes.find(({ object }) => object.startsWith('Horizontal'));
    expect(scaler?.fields).toContainEqual({ path: 'spec.minReplicas', from: 2, to: 3 });
    await plan.apply();
    expect((await planKubernetes({ ...next, replicas: { min: 3, max: 6 } }, api)).unchanged).toBe(true);
  });

  test('no pod runs here, and that is what is said', async () => {
    expect(await clusterState(target, api)).toBe('0 of 2 pods ready');
  });

  test('what the server refuses names the field and changes nothing', async () => {
    const cluster = openCluster(api);
    const wrong: ClusterObject = {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'broken', namespace: 'ml' },
      spec: { ports: [{ port: 99_999 }] },
    };
    await expect(cluster.apply(wrong)).rejects.toMatchObject({
      code: 'MW-INVALID',
      where: expect.stringContaining('spec.ports[0].port'),
    });
    expect(await cluster.get({ apiVersion: 'v1', kind: 'Service', namespace: 'ml', name: 'broken' })).toBeUndefined();
  });

  test('a namespace that is not there is a MW-NOT-FOUND', async () => {
    await expect(planKubernetes({ ...target, namespace: 'nowhere' }, api)).rejects.toMatchObject({
      code: 'MW-NOT-FOUND',
    });
  });

  test('a field that somebody else manages is not taken silently', async () => {
    const other = openCluster({ ...api, manager: 'somebody' });
    const scaler: ClusterObject = {
      apiVersion: 'autoscaling/v2',
      kind: 'HorizontalPodAutoscaler',
      metadata: { name: 'flights', namespace: 'ml' },
      spec: { maxReplicas: 50, scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'flights' } },
    };
    await expect(other.apply(scaler)).rejects.toMatchObject({ code: 'MW-CONFLICT' });
    await openCluster({ ...api, manager: 'somebody', force: true }).apply(scaler);
    await expect(planKubernetes(target, api)).rejects.toMatchObject({ code: 'MW-CONFLICT' });
    const forced = await planKubernetes(target, { ...api, force: true });
    await forced.apply();
    expect((await planKubernetes(target, api)).unchanged).toBe(true);
  });

  test('without KServe in the cluster an InferenceService is refused with what to do', async () => {
    await expect(planKubernetes({ ...target, kserve: true }, api)).rejects.toMatchObject({
      code: 'MW-NOT-FOUND',
      next: 'install KServe, or leave --kserve out',
    });
  });

  test.skipIf(kserve === undefined || !existsSync(kserve))(
    'with it, the InferenceService is what KServe defines, and the plain objects go',
    async () => {
      const cluster = openCluster({ ...api, manager: 'kserve' });
      for (const definition of loadAllYaml(readFileSync(kserve ?? '', 'utf8')) as ClusterObject[])
        await cluster.apply(definition);
      const service = { ...target, kserve: true, canaryPercent: 10 };
      let plan = await planKubernetes(service, api).catch(() => undefined);
      // A new definition is served a moment after it was accepted.
      for (let tries = 0; plan === undefined && tries < 40; tries += 1) {
        await new Promise((resolve) => setTimeout(resolve, 250));
        plan = await planKubernetes(service, api).catch((error: unknown) => {
          if (tries === 39) throw error;
          return undefined;
        });
      }
      expect(plan?.changes.map(({ sign, object }) => `${sign} ${object}`)).toEqual([
        '+ InferenceService/flights',
        '- Deployment/flights',
        '- Service/flights',
        '- HorizontalPodAutoscaler/flights',
        '- PodDisruptionBudget/flights',
      ]);
      await plan?.apply();
      expect((await planKubernetes(service, api)).unchanged).toBe(true);
    },
  );
});
