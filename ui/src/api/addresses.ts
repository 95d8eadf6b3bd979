/** The app's addresses (DESIGN §6). Everything that links, links through here. */
const part = encodeURIComponent;

export const addresses = {
  home: () => '/',
  project: (project: string) => `/p/${part(project)}`,
  data: (project: string) => `/p/${part(project)}/data`,
  /** `id`: project/name/digest. */
  dataset: (id: string) => {
    const [project = '-', name = '', digest = ''] = id.split('/');
    return `/p/${part(project)}/data/${part(name)}/${part(digest)}`;
  },
  lineage: (node: string) => `/lineage?node=${part(node).replaceAll('%2F', '/').replaceAll('%3A', ':')}`,
  sql: (query = '') => (query === '' ? '/sql' : `/sql?q=${part(query)}`),
  storage: () => '/storage',
  traces: () => '/traces',
  trace: (id: string, span?: string) => `/traces/${part(id)}${span === undefined ? '' : `?span=${part(span)}`}`,
  pipelines: (project: string) => `/p/${part(project)}/pipelines`,
  pipelineRun: (project: string, number: number) => `/p/${part(project)}/pipelines/${part(project)}/${number}`,
  runs: (project: string) => `/p/${part(project)}/runs`,
  run: (project: string, run: string) => `/p/${part(project)}/runs/${part(run)}`,
  compare: (project: string, runs: readonly string[]) => `/p/${part(project)}/compare?runs=${runs.map(part).join(',')}`,
  models: (project: string) => `/p/${part(project)}/models`,
  model: (project: string, model: string) => `/p/${part(project)}/models/${part(model)}`,
  version: (project: string, model: string, version: number) => `/p/${part(project)}/models/${part(model)}/${version}`,
  endpoints: (project: string) => `/p/${part(project)}/endpoints`,
  endpoint: (project: string, name: string) => `/p/${part(project)}/endpoints/${part(name)}`,
  /** `from`: a prediction whose inputs fill the form. */
  playground: (project: string, name: string, from?: string) =>
    `/p/${part(project)}/endpoints/${part(name)}/playground${from === undefined ? '' : `?from=${part(from)}`}`,
  prediction: (project: string, name: string, id: string) =>
    `/p/${part(project)}/endpoints/${part(name)}/predictions/${part(id)}`,
  monitors: (project: string) => `/p/${part(project)}/monitors`,
  monitor: (project: string, name: string) => `/p/${part(project)}/monitors/${part(name)}`,
  incident: (project: string, number: number) => `/p/${part(project)}/incidents/${number}`,
};

/** `flights-12` → 12, `flights-a3` → 3; undefined for an id of another form. */
export function numberOf(id: string): number | undefined {
  const digits = /(?:-a?)(\d+)$/.exec(id)?.[1];
  return digits === undefined ? undefined : Number(digits);
}
