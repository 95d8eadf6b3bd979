/** Joins adapters to modules: the one place that knows both. Nothing runs yet; server.ts starts what is made here. */
import { join } from 'node:path';
import { createDeployments, createServables } from '../modules/deployments/index.ts';
import { createDatasets } from '../modules/datasets/index.ts';
import { createEnvironments, createProofs } from '../modules/environments/index.ts';
import { createLineage } from '../modules/lineage/index.ts';
import { createMonitoring } from '../modules/monitoring/index.ts';
import { createPackaging } from '../modules/packaging/index.ts';
import { createPipelines } from '../modules/pipelines/index.ts';
import { createRegistry } from '../modules/registry/index.ts';
import { createRetention } from '../modules/retention/index.ts';
import { createTables } from '../modules/tables/index.ts';
import { createTracking, createWandbDoor } from '../modules/tracking/index.ts';
import type { ColumnProfile } from '../domain/datasets.ts';
import type { Config } from '../platform/config.ts';
import { inheritedEnvironment, metadataUrl } from '../platform/config.ts';
import { systemClock } from '../platform/clock.ts';
import { createIds } from '../platform/ids.ts';
import { createSigner, signingKey } from '../platform/signing.ts';
import type { ArtifactStore } from '../ports/artifact-store.ts';
import type { AnalyticsStore } from '../ports/analytics-store.ts';
import type { Log } from '../ports/context.ts';
import type { QueryEngine } from '../ports/table-source.ts';
import type { MetadataStore } from '../ports/metadata-store.ts';
import { withBell } from './event-bell.ts';
import { openArtifacts } from './open-artifacts.ts';
import { gatewayFile, packageRoot, pythonFolder } from './paths.ts';
import { metadataPlugin, plugin } from './plugins.ts';
import { createProjects } from './projects.ts';
import { version } from './version.ts';
import { championOf } from './reactions/start-pipeline.ts';

/** Profile of the training inputs of the version that the endpoint's model has as champion. */
function referenceReader(store: MetadataStore, artifacts: ArtifactStore) {
  const known = new Map<string, readonly ColumnProfile[]>();
  return async (endpoint: string): Promise<readonly ColumnProfile[] | undefined> => {
    const record = await store.endpoints.get(endpoint);
    const digest = (await championOf(store, record?.model))?.lineage?.referenceDigest;
    if (digest === undefined) return undefined;
    const cached = known.get(digest);
    if (cached !== undefined) return cached;
    const profile = JSON.parse(new TextDecoder().decode(await artifacts.bytes(digest))) as ColumnProfile[];
    known.set(digest, profile);
    return profile;
  };
}

/** DuckDB costs 100 ms and 60 MB to load; the server is up before anybody asks for a prediction. */
function lazyAnalytics(home: string, log: Log): AnalyticsStore {
  let made: Promise<AnalyticsStore> | undefined;
  const get = (): Promise<AnalyticsStore> =>
    (made ??= plugin('analytics', 'duckdb').then(({ createDuckDbAnalytics }) =>
      createDuckDbAnalytics({
        home,
        skipped: (path, reason) => log.warn({ path, reason }, 'a prediction file cannot be read'),
      }),
    ));
  return {
    addOutcomes: async (...args) => (await get()).addOutcomes(...args),
    span: async (...args) => (await get()).span(...args),
    labelled: async (...args) => (await get()).labelled(...args),
    columns: async (...args) => (await get()).columns(...args),
    count: async (...args) => (await get()).count(...args),
    recent: async (...args) => (await get()).recent(...args),
    prediction: async (...args) => (await get()).prediction(...args),
    releaseScores: async (...args) => (await get()).releaseScores(...args),
    releaseOutcomes: async (...args) => (await get()).releaseOutcomes(...args),
    shadow: async (...args) => (await get()).shadow(...args),
    compact: async (...args) => (await get()).compact(...args),
    summarize: async (...args) => (await get()).summarize(...args),
    aggregate: async (...args) => (await get()).aggregate(...args),
    close: async () => {
      if (made !== undefined) await (await made).close();
    },
  };
}

/** What reads Parquet files that somebody uploaded. */
const PREVIEW_WORKER = new URL(
  import.meta.url.endsWith('.ts') ? '../modules/tracking/preview-worker.ts' : '../modules/tracking/preview-worker.js',
  import.meta.url,
);

/** As DuckDB above; this one holds a picture of the metadata, in a process of its own, and can reach nothing else. */
function lazyQueryEngine(): () => Promise<QueryEngine> {
  return async () => (await plugin('analytics', 'duckdb')).createQueryProcess();
}

/** What the serving program imports: an image holds no more than it runs. */
const GATEWAY_PACKAGES = [
  '@grpc/grpc-js',
  '@grpc/proto-loader',
  'onnxruntime-node',
  '@opentelemetry/api',
  '@opentelemetry/exporter-metrics-otlp-proto',
  '@opentelemetry/exporter-trace-otlp-proto',
  '@opentelemetry/resources',
  '@opentelemetry/sdk-metrics',
  '@opentelemetry/sdk-trace',
  'pino',
  'zod',
  'fastest-levenshtein',
];

interface PlaneRestart {
  readonly pid: number;
  readonly reason: string;
}

/** The data plane alone: it needs nothing of the rest, and its process takes as long to start as all of the rest. */
export async function openPlane(config: Config, log: Log) {
  const { createDataPlaneProcess } = await plugin('plane', 'process');
  const restarted: { listener: (info: PlaneRestart) => void } = { listener: () => undefined };
  const { createFleet } = await plugin('plane', 'fleet');
  const local = createDataPlaneProcess({
    home: config.home,
    command: [process.execPath, gatewayFile()],
    version,
    host: config.host,
    restPort: config.restPort,
    grpcPort: config.grpcPort,
    allowedHosts: config.allowedHosts,
    requireToken: config.requireToken,
    ...(config.accessLog === undefined ? {} : { accessLog: config.accessLog, accessLogSample: config.accessLogSample }),
    ...(config.warmModels === undefined ? {} : { warmModels: config.warmModels }),
    onRestart: (info) => {
      log.warn({ ...info }, 'the data plane was started again');
      restarted.listener(info);
    },
    onTrouble: (error) => log.error({ err: error }, 'the data plane cannot be started'),
  });
  return { plane: createFleet(local, { clock: systemClock }), restarted };
}

/** Without bytecode every step would compile its packages again: seconds each time for scikit-learn alone. */
function stepEnvironment(): Record<string, string> {
  const { PYTHONDONTWRITEBYTECODE: _, ...rest } = inheritedEnvironment();
  return rest;
}

export async function compose(
  config: Config,
  log: Log,
  { plane, restarted }: Awaited<ReturnType<typeof openPlane>>,
  trackingUri: () => string,
) {
  const { home } = config;
  const clock = systemClock;
  const ids = createIds(clock);
  const [
    { openMetadata },
    { createProcessExecutor },
    { createEnvironmentPython },
    { createImageLayout },
    { createWorkspaceFs },
  ] = await Promise.all([
    metadataPlugin(metadataUrl(config)),
    plugin('executor', 'process'),
    plugin('environment', 'python'),
    plugin('images', 'layout'),
    plugin('workspace', 'file'),
  ]);
  const { store, bell } = withBell(await openMetadata(metadataUrl(config)));
  const artifacts = await openArtifacts(config.artifacts, home);
  const analytics = lazyAnalytics(home, log);
  const executor = createProcessExecutor({ root: join(home, 'attempts'), artifacts });
  const builder = createEnvironmentPython({ folder: join(home, 'envs'), probe: join(pythonFolder(), 'probe.py') });
  const images = createImageLayout({ folder: join(home, 'images'), artifacts });
  restarted.listener = ({ pid, reason }) => {
    const event = {
      id: ids.next('evt'),
      type: 'data_plane.restarted' as const,
      at: clock.now(),
      project: '',
      actor: 'system',
      data: { pid, reason },
    };
    void store.events
      .append(event)
      .catch((error: unknown) => log.error({ err: error }, 'could not record the restart'));
  };
  const projects = createProjects(store, clock);
  const { createPreviewProcess } = await plugin('preview', 'process');
  const parquet = createPreviewProcess(PREVIEW_WORKER);
  const tracking = createTracking({ store, artifacts, clock, ids, parquet });
  const wandb = createWandbDoor({ store, artifacts, clock, ids });
  const signer = createSigner(await signingKey(join(home, 'signing.key')), clock.now);
  const { createMlflowSender } = await plugin('notifier', 'webhook');
  const webhookSender = createMlflowSender({ allowPrivate: config.allowPrivateEgress, clock });
  const registry = createRegistry({ store, clock, ids, webhooks: webhookSender });
  const environments = createEnvironments({ store, builder, clock, ids });
  const proofs = createProofs({
    store,
    artifacts,
    analytics,
    builder,
    program: join(pythonFolder(), 'prove.py'),
    clock,
    ids,
    log,
  });
  const lineage = createLineage({ store });
  const datasets = createDatasets({ store, analytics, clock, ids });
  const program = {
    files: { root: packageRoot(), own: ['dist', 'proto', 'package.json'], packages: GATEWAY_PACKAGES },
    entry: 'dist/app/gateway.js',
    args: ['--host', '0.0.0.0', '--require-token'],
  };
  const packaging = createPackaging({ store, images, clock, ids, program });
  const deployments = createDeployments({
    store,
    plane,
    artifacts,
    analytics,
    log,
    clock,
    ids,
    modelFolder: join(home, 'plane', 'models'),
  });
  const servables = createServables({
    store,
    artifacts,
    locate: (path) => tracking.locate(path),
    environment: (ctx, request, progress) => environments.ensureFrom(ctx, request, progress),
  });
  const monitoring = createMonitoring({ store, analytics, reference: referenceReader(store, artifacts), clock, ids });
  const pipelines = createPipelines({
    store,
    artifacts,
    executor,
    datasets,
    environments,
    tracking,
    clock,
    ids,
    log,
    python: pythonFolder(),
    trackingUri,
    trackingToken: () => config.token,
    env: stepEnvironment(),
    limits: { diskBytes: config.stepDiskMib * 2 ** 20 },
    workspaceOf: async (project) => (await projects.get(project)).workspace,
  });
  const retention = createRetention({
    store,
    artifacts,
    executor,
    removers: { images: (digests, kept) => images.remove(digests, kept), environment: (path) => builder.remove(path) },
    clock,
    ids,
  });
  const sql = createTables({ store, engine: lazyQueryEngine(), clock });
  const openWorkspace = (root: string) => createWorkspaceFs({ root, artifacts });
  return {
    home,
    clock,
    ids,
    store,
    bell,
    artifacts,
    analytics,
    executor,
    plane,
    projects,
    tracking,
    wandb,
    registry,
    webhookSender,
    signer,
    environments,
    proofs,
    lineage,
    datasets,
    packaging,
    deployments,
    servables,
    monitoring,
    pipelines,
    retention,
    sql,
    openWorkspace,
  };
}

export type Composition = Awaited<ReturnType<typeof compose>>;
