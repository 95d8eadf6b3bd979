import { createRootRoute, createRoute, createRouter, type ErrorComponentProps } from '@tanstack/react-router';
import { lazy } from 'react';
import { Frame } from './design/frame.tsx';
import { useText } from './i18n/use-text.tsx';
import { PageHead } from './parts/page-head.tsx';
import { HomePage } from './pages/home/home-page.tsx';
import { readLineageSearch } from './pages/lineage/lineage-address.ts';
import { readCompareSearch } from './pages/runs/compare-search.ts';
import { readRunSearch } from './pages/runs/run-search.ts';
import { readRunsSearch } from './pages/runs/runs-search.ts';
import { readTracesSearch } from './pages/traces/traces-search.ts';

// Home comes with the app; every other page when it is first opened (the frame shows nothing in its place until then).
const DataPage = lazy(() => import('./pages/data/data-page.tsx').then((one) => ({ default: one.DataPage })));
const EndpointPage = lazy(() =>
  import('./pages/endpoints/endpoint-page.tsx').then((one) => ({ default: one.EndpointPage })),
);
const EndpointsPage = lazy(() =>
  import('./pages/endpoints/endpoints-page.tsx').then((one) => ({ default: one.EndpointsPage })),
);
const PredictionPage = lazy(() =>
  import('./pages/endpoints/prediction-page.tsx').then((one) => ({ default: one.PredictionPage })),
);
const PlaygroundPage = lazy(() =>
  import('./pages/endpoints/playground-page.tsx').then((one) => ({ default: one.PlaygroundPage })),
);
const ModelPage = lazy(() => import('./pages/models/model-page.tsx').then((one) => ({ default: one.ModelPage })));
const ModelsPage = lazy(() => import('./pages/models/models-page.tsx').then((one) => ({ default: one.ModelsPage })));
const VersionPage = lazy(() => import('./pages/models/version-page.tsx').then((one) => ({ default: one.VersionPage })));
const IncidentPage = lazy(() =>
  import('./pages/monitors/incident-page.tsx').then((one) => ({ default: one.IncidentPage })),
);
const MonitorPage = lazy(() =>
  import('./pages/monitors/monitor-page.tsx').then((one) => ({ default: one.MonitorPage })),
);
const MonitorsPage = lazy(() =>
  import('./pages/monitors/monitors-page.tsx').then((one) => ({ default: one.MonitorsPage })),
);
const PipelineRunPage = lazy(() =>
  import('./pages/pipelines/pipeline-run-page.tsx').then((one) => ({ default: one.PipelineRunPage })),
);
const PipelinesPage = lazy(() =>
  import('./pages/pipelines/pipelines-page.tsx').then((one) => ({ default: one.PipelinesPage })),
);
const TracePage = lazy(() => import('./pages/traces/trace-page.tsx').then((one) => ({ default: one.TracePage })));
const TracesPage = lazy(() => import('./pages/traces/traces-page.tsx').then((one) => ({ default: one.TracesPage })));
const DatasetPage = lazy(() => import('./pages/data/dataset-page.tsx').then((one) => ({ default: one.DatasetPage })));
const LineagePage = lazy(() =>
  import('./pages/lineage/lineage-page.tsx').then((one) => ({ default: one.LineagePage })),
);
const SqlPage = lazy(() => import('./pages/sql/sql-page.tsx').then((one) => ({ default: one.SqlPage })));
const StoragePage = lazy(() =>
  import('./pages/storage/storage-page.tsx').then((one) => ({ default: one.StoragePage })),
);
const RunsPage = lazy(() => import('./pages/runs/runs-page.tsx').then((one) => ({ default: one.RunsPage })));
const RunPage = lazy(() => import('./pages/runs/run-page.tsx').then((one) => ({ default: one.RunPage })));
const ComparePage = lazy(() => import('./pages/runs/compare-page.tsx').then((one) => ({ default: one.ComparePage })));

function Missing() {
  const { t } = useText();
  return <PageHead title={t('missing.title')} answer={t('missing.answer')} lede={t('missing.lede')} />;
}

function Crashed({ error }: ErrorComponentProps) {
  const { t } = useText();
  return (
    <PageHead
      title={t('missing.title')}
      answer={t('crash.answer', { message: error instanceof Error ? error.message : String(error) })}
      lede={t('crash.lede')}
      actions={
        <button type="button" className="btn" onClick={() => location.reload()}>
          {t('crash.reload')}
        </button>
      }
    />
  );
}

const text = (value: unknown): string | undefined =>
  typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;

const root = createRootRoute({ component: Frame, notFoundComponent: Missing });
const route = <const P extends string>(path: P) => ({ getParentRoute: () => root, path });

const home = createRoute({ ...route('/'), component: () => <HomePage /> });
const project = createRoute({
  ...route('/p/$project'),
  component: () => <HomePage project={project.useParams().project} />,
});
const data = createRoute({
  ...route('/p/$project/data'),
  validateSearch: (search: Record<string, unknown>): { version?: string; q?: string } => {
    const [version, q] = [text(search['version']), text(search['q'])];
    return { ...(version === undefined ? {} : { version }), ...(q === undefined ? {} : { q }) };
  },
  component: () => {
    const search = data.useSearch();
    return <DataPage project={data.useParams().project} version={search.version} filter={search.q} />;
  },
});
const dataset = createRoute({
  ...route('/p/$project/data/$name/$digest'),
  validateSearch: (search: Record<string, unknown>): { column?: string } => {
    const column = text(search['column']);
    return column === undefined ? {} : { column };
  },
  component: () => {
    const params = dataset.useParams();
    return <DatasetPage {...params} column={dataset.useSearch().column} />;
  },
});
const lineage = createRoute({
  ...route('/lineage'),
  validateSearch: readLineageSearch,
  component: () => <LineagePage search={lineage.useSearch()} />,
});
const sql = createRoute({
  ...route('/sql'),
  validateSearch: (search: Record<string, unknown>): { q: string } => ({ q: text(search['q']) ?? '' }),
  component: () => <SqlPage query={sql.useSearch().q} />,
});
const storage = createRoute({ ...route('/storage'), component: () => <StoragePage /> });
const pipelines = createRoute({
  ...route('/p/$project/pipelines'),
  component: () => <PipelinesPage project={pipelines.useParams().project} />,
});
const pipelineRun = createRoute({
  ...route('/p/$project/pipelines/$name/$number'),
  validateSearch: (search: Record<string, unknown>): { step?: string; try?: number } => {
    const [step, attempt] = [text(search['step']), Number(search['try'])];
    return {
      ...(step === undefined ? {} : { step }),
      ...(Number.isInteger(attempt) && attempt > 0 ? { try: attempt } : {}),
    };
  },
  component: () => {
    const params = pipelineRun.useParams();
    const search = pipelineRun.useSearch();
    return (
      <PipelineRunPage
        key={params.number}
        project={params.project}
        number={Number(params.number)}
        step={search.step}
        tryNumber={search.try}
      />
    );
  },
});
const runs = createRoute({
  ...route('/p/$project/runs'),
  validateSearch: readRunsSearch,
  component: () => <RunsPage project={runs.useParams().project} search={runs.useSearch()} />,
});
const run = createRoute({
  ...route('/p/$project/runs/$run'),
  validateSearch: readRunSearch,
  component: () => {
    const params = run.useParams();
    return <RunPage key={params.run} project={params.project} id={params.run} search={run.useSearch()} />;
  },
});
const compare = createRoute({
  ...route('/p/$project/compare'),
  validateSearch: readCompareSearch,
  component: () => <ComparePage project={compare.useParams().project} search={compare.useSearch()} />,
});
const models = createRoute({
  ...route('/p/$project/models'),
  validateSearch: (search: Record<string, unknown>): { q?: string } => {
    const q = text(search['q']);
    return q === undefined ? {} : { q };
  },
  component: () => <ModelsPage project={models.useParams().project} filter={models.useSearch().q ?? ''} />,
});
const model = createRoute({
  ...route('/p/$project/models/$model'),
  validateSearch: (search: Record<string, unknown>): { compare?: string; metric?: string } => {
    const [versions, metric] = [text(search['compare']), text(search['metric'])];
    return { ...(versions === undefined ? {} : { compare: versions }), ...(metric === undefined ? {} : { metric }) };
  },
  component: () => {
    const params = model.useParams();
    return <ModelPage key={params.model} project={params.project} name={params.model} search={model.useSearch()} />;
  },
});
const version = createRoute({
  ...route('/p/$project/models/$model/$version'),
  component: () => {
    const params = version.useParams();
    return (
      <VersionPage
        key={`${params.model}/${params.version}`}
        project={params.project}
        model={params.model}
        number={Number(params.version)}
      />
    );
  },
});
const endpoints = createRoute({
  ...route('/p/$project/endpoints'),
  validateSearch: (search: Record<string, unknown>): { id?: string } => {
    const id = text(search['id']);
    return id === undefined ? {} : { id };
  },
  component: () => <EndpointsPage project={endpoints.useParams().project} asked={endpoints.useSearch().id ?? ''} />,
});
const endpoint = createRoute({
  ...route('/p/$project/endpoints/$name'),
  validateSearch: (search: Record<string, unknown>): { window: string } => ({ window: text(search['window']) ?? '1h' }),
  component: () => {
    const params = endpoint.useParams();
    return (
      <EndpointPage
        key={params.name}
        project={params.project}
        name={params.name}
        window={endpoint.useSearch().window}
      />
    );
  },
});
const playground = createRoute({
  ...route('/p/$project/endpoints/$name/playground'),
  validateSearch: (search: Record<string, unknown>): { from?: string } => {
    const from = text(search['from']);
    return from === undefined ? {} : { from };
  },
  component: () => {
    const params = playground.useParams();
    return (
      <PlaygroundPage
        key={params.name}
        project={params.project}
        name={params.name}
        from={playground.useSearch().from}
      />
    );
  },
});
const prediction = createRoute({
  ...route('/p/$project/endpoints/$name/predictions/$id'),
  component: () => {
    const params = prediction.useParams();
    return <PredictionPage project={params.project} endpoint={params.name} id={params.id} />;
  },
});
const monitors = createRoute({
  ...route('/p/$project/monitors'),
  component: () => <MonitorsPage project={monitors.useParams().project} />,
});
const monitor = createRoute({
  ...route('/p/$project/monitors/$name'),
  component: () => {
    const params = monitor.useParams();
    return <MonitorPage key={params.name} project={params.project} name={params.name} />;
  },
});
const incident = createRoute({
  ...route('/p/$project/incidents/$number'),
  component: () => {
    const params = incident.useParams();
    return <IncidentPage key={params.number} project={params.project} number={Number(params.number)} />;
  },
});

const traces = createRoute({
  ...route('/traces'),
  validateSearch: readTracesSearch,
  component: () => <TracesPage search={traces.useSearch()} />,
});
const trace = createRoute({
  ...route('/traces/$id'),
  validateSearch: (search: Record<string, unknown>): { span?: string } => {
    const span = text(search['span']);
    return span === undefined ? {} : { span };
  },
  component: () => {
    const { id } = trace.useParams();
    return <TracePage key={id} id={id} span={trace.useSearch().span} />;
  },
});

export const router = createRouter({
  routeTree: root.addChildren([
    home,
    project,
    data,
    dataset,
    lineage,
    sql,
    storage,
    pipelines,
    pipelineRun,
    runs,
    run,
    compare,
    models,
    model,
    version,
    endpoints,
    endpoint,
    playground,
    prediction,
    monitors,
    monitor,
    incident,
    traces,
    trace,
  ]),
  defaultErrorComponent: Crashed,
  defaultNotFoundComponent: Missing,
  scrollRestoration: true,
  // Plain `name=value`: an address is for people, too, so no JSON in it.
  parseSearch: (search) => Object.fromEntries(new URLSearchParams(search)),
  stringifySearch: (search) => {
    const parts = Object.entries(search).filter(([, value]) => value !== undefined && value !== '');
    return parts.length === 0
      ? ''
      : `?${new URLSearchParams(parts.map(([name, value]) => [name, String(value)])).toString()}`;
  },
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
