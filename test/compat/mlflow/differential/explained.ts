/** Where we answer otherwise on purpose, each with its reason. A step that is not named here must answer as upstream does. */

export interface Explained {
  readonly reason: string;
  /** What we must answer with. */
  readonly status?: number;
  readonly steps: readonly string[];
}

export const EXPLAINED: readonly Explained[] = [
  {
    reason: 'bad input is never a 500: clients would try it again for minutes',
    status: 400,
    steps: [
      'experiment create a list',
      'experiment create a text',
      'experiment deleted rename',
      'batch metrics of numbers',
      'search order twice',
      'rm search order twice',
      'lm search bad token',
      'mv stage archive of none',
      'webhook bad event',
      'webhook event without action',
    ],
  },
  {
    reason:
      'where files lie is decided by the server: a place chosen by a client could be any path or bucket it reaches',
    status: 400,
    steps: ['experiment create with a fragment', 'experiment create with a file location'],
  },
  { reason: 'a body that is not JSON is called that', status: 400, steps: ['experiment create not JSON'] },
  {
    reason: 'a taken name has its code, as when it is created',
    status: 400,
    steps: ['experiment rename to a taken name'],
  },
  {
    reason:
      'a value that is nothing (true as a metric, a time with a fraction, an unknown word for a state) is refused and not taken as 0 or left out',
    status: 400,
    steps: [
      'experiments view bad',
      'search view bad',
      'metric log value true',
      'metric log timestamp fraction',
      'batch metric bad value',
      'batch metric value true',
      'run update bad status',
      'lm finalize bad',
      'webhook bad status',
    ],
  },
  {
    reason: 'a data set without a name or digest cannot be found again',
    status: 400,
    steps: ['inputs without digest', 'inputs without name', 'inputs without dataset'],
  },
  { reason: 'a page size is optional everywhere', status: 200, steps: ['experiments without max_results'] },
  {
    reason: 'the metric is kept with its run when its model is unknown',
    status: 200,
    steps: ['metric log with a model unknown'],
  },
  {
    reason: 'an unknown run is said to be unknown, not to have no points',
    status: 404,
    steps: ['history unknown run', 'history page of an unknown run', 'interval unknown run'],
  },
  {
    reason: 'the text names the first param, in the words of a single one',
    status: 400,
    steps: ['batch param changed'],
  },
  {
    reason: 'a body has a limit (8 MiB, where every batch that is allowed fits)',
    status: 413,
    steps: ['batch body too long'],
  },
  { reason: 'the same fields in another order', status: 400, steps: ['log-model missing fields'] },
  {
    reason:
      'more comparisons are understood: ==, lists for every text, IS NULL on models, `run name` as order, times of versions',
    status: 200,
    steps: [
      'search order run name',
      'search metrics.auc == 0.9',
      "search params.depth IN ('4')",
      "search run_name IN ('first')",
      "search status IN ('RUNNING')",
      'lm search tags.t IS NULL',
      'mv search creation_timestamp > 0',
      'search   ',
    ],
  },
  {
    reason: 'an AND with nothing on one side is a mistake, not an empty condition',
    status: 400,
    steps: ['search metrics.auc > 0.1 AND', 'search AND metrics.auc > 0.1'],
  },
  { reason: 'the class of this one text is finer upstream', status: 400, steps: ['lm search order bad'] },
  {
    reason: 'our text gives the path of the field',
    status: 400,
    steps: ['lm search dataset without name', 'mv create bad tag'],
  },
  { reason: 'a page of no rows is a mistake', status: 400, steps: ['rm search max 0'] },
  { reason: 'the text is the one of every other search', status: 400, steps: ['mv search max 0'] },
  {
    reason: 'names have at most 256 characters, as the column upstream has',
    status: 400,
    steps: ['rm create long name'],
  },
  {
    reason: 'the text says what may be registered here',
    status: 400,
    steps: ['mv create local path', 'mv create file uri', 'mv create climbing'],
  },
  {
    reason: 'the storage location is given, so that clients need no second question',
    status: 200,
    steps: ['mv uri', 'mv uri copy'],
  },
  { reason: 'the model is what is not there', status: 404, steps: ['alias unknown model'] },
  {
    reason: 'our paths are relative to their owner',
    status: 404,
    steps: ['art proxy get missing', 'art get-artifact missing'],
  },
  {
    reason: 'JSON and the name of the field instead of a page',
    status: 400,
    steps: ['art get-artifact no path', 'art of a version no path', 'art get-artifact no run'],
  },
  {
    reason: "served under the pages' prefix too",
    status: 200,
    steps: ['art ajax get-artifact', 'art of a version ajax'],
  },
  {
    reason: "its own clients' odd spelling is served, upstream answers 404",
    status: 200,
    steps: ['datasets in the odd spelling'],
  },
  {
    reason: 'multipart and presigned forms are served for every store, upstream refuses them for its own disk',
    steps: ['server info', 'mpu create no parts', 'mpu complete', 'mpu abort', 'presigned download by path'],
  },
  {
    reason: 'the pages of MLflow are not served, so neither is their GraphQL',
    status: 404,
    steps: ['server graphql', 'server graphql by GET'],
  },
  {
    reason: 'one answer for a route that is not there, by whatever method',
    status: 404,
    steps: ['server wrong method'],
  },
];
