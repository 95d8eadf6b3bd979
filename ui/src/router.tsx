import { createRootRoute, createRoute, createRouter, type ErrorComponentProps } from '@tanstack/react-router';
import { Frame } from './design/frame.tsx';
import { useText } from './i18n/use-text.tsx';
import { PageHead } from './parts/page-head.tsx';
import { DataPage } from './pages/data/data-page.tsx';
import { EndpointPage } from './pages/endpoints/endpoint-page.tsx';
import { EndpointsPage } from './pages/endpoints/endpoints-page.tsx';
import { PredictionPage } from './pages/endpoints/prediction-page.tsx';
import { HomePage } from './pages/home/home-page.tsx';
import { ModelPage } from './pages/models/model-page.tsx';
import { ModelsPage } from './pages/models/models-page.tsx';
import { VersionPage } from './pages/models/version-page.tsx';
import { IncidentPage } from './pages/monitors/incident-page.tsx';
import { MonitorPage } from './pages/monitors/monitor-page.tsx';
import { MonitorsPage } from './pages/monitors/monitors-page.tsx';
import { PipelineRunPage } from './pages/pipelines/pipeline-run-page.tsx';
import { PipelinesPage } from './pages/pipelines/pipelines-page.tsx';
import { ComparePage } from './pages/runs/compare-page.tsx';
import { RunPage } from './pages/runs/run-page.tsx';
import { RunsPage } from './pages/runs/runs-page.tsx';
import { readRunsSearch } from './pages/runs/runs-search.ts';

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
  validateSearch: (search: Record<string, unknown>): { version?: string } => {
    const version = text(search['version']);
    return version === undefined ? {} : { version };
  },
  component: () => <DataPage project={data.useParams().project} version={data.useSearch().version} />,
});
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
  component: () => {
    const params = run.useParams();
    return <RunPage key={params.run} project={params.project} id={params.run} />;
  },
});
const compare = createRoute({
  ...route('/p/$project/compare'),
  validateSearch: (search: Record<string, unknown>): { runs: string } => ({ runs: text(search['runs']) ?? '' }),
  component: () => (
    <ComparePage project={compare.useParams().project} ids={compare.useSearch().runs.split(',').filter(Boolean)} />
  ),
});
const models = createRoute({
  ...route('/p/$project/models'),
  component: () => <ModelsPage project={models.useParams().project} />,
});
const model = createRoute({
  ...route('/p/$project/models/$model'),
  component: () => {
    const params = model.useParams();
    return <ModelPage key={params.model} project={params.project} name={params.model} />;
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
  component: () => <EndpointsPage project={endpoints.useParams().project} />,
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
const prediction = createRoute({
  ...route('/p/$project/endpoints/$name/predictions/$id'),
  component: () => {
    const params = prediction.useParams();
    return <PredictionPage endpoint={params.name} id={params.id} />;
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

export const router = createRouter({
  routeTree: root.addChildren([
    home,
    project,
    data,
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
    prediction,
    monitors,
    monitor,
    incident,
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
