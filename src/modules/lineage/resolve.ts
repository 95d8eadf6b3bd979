/** From what a person types to the thing that is meant. */
import { MillwrightError } from '../../domain/errors.ts';
import type { Filter, Run } from '../../domain/tracking.ts';
import { loggedDataset, nodeId, type NodeId, splitNode } from './node-id.ts';
import type { Reader } from './reader.ts';

const SHORT_ID = /^[0-9a-f]{6,64}$/;
/** Newest dataset versions among which a digest's first characters are looked for. */
const RECENT = 500;

function unknown(what: string): MillwrightError {
  return new MillwrightError('MW-NOT-FOUND', `nothing here is named "${what.slice(0, 200)}"`, {
    where: 'node',
    next: 'name a version (flights/3, models:/flights@champion), a run or the first 8 characters of its id, a pipeline run (flights-12), an alert (flights-a1), a dataset digest, a release or an endpoint',
  });
}

function ambiguous(what: string, found: readonly NodeId[]): MillwrightError {
  const some = found.slice(0, 10).join(', ');
  return new MillwrightError(
    'MW-CONFLICT',
    `"${what}" may be ${found.length} things: ${some}${found.length > 10 ? ' …' : ''}`,
    {
      where: 'node',
      next: `write one of them in full: mw lineage ${found[0] ?? ''}`,
    },
  );
}

async function runsWhere(reader: Reader, filter: Filter): Promise<readonly Run[]> {
  const { tracking } = reader.stores;
  const experiments = await tracking.searchExperiments({
    view: 'ALL',
    filter: [],
    order: [],
    limit: 10_000,
    offset: 0,
  });
  return tracking.searchRuns({
    experimentIds: experiments.map((one) => one.id),
    view: 'ALL',
    filter,
    order: [],
    limit: 20,
    offset: 0,
  });
}

const runsStarting = async (reader: Reader, start: string): Promise<readonly NodeId[]> =>
  (await runsWhere(reader, [{ entity: 'attribute', key: 'run_id', op: 'LIKE', value: `${start}%` }])).map((run) =>
    nodeId('run', run.info.id),
  );

async function datasetsStarting(reader: Reader, start: string): Promise<readonly NodeId[]> {
  const { datasetVersions } = reader.stores;
  const whole =
    start.length === 64 ? await datasetVersions.find({ where: { digest: `sha256:${start}` }, limit: RECENT }) : [];
  const known = whole.length > 0 ? whole : await datasetVersions.find({ limit: RECENT });
  const own = known.filter((one) => one.digest.startsWith(`sha256:${start}`)).map((one) => nodeId('dataset', one.id));
  const runs = await runsWhere(reader, [{ entity: 'dataset', key: 'digest', op: 'LIKE', value: `${start}%` }]);
  const logged = runs
    .flatMap((run) => run.datasets)
    .filter(({ dataset }) => dataset.digest.startsWith(start))
    .map(({ dataset }) => nodeId('logged-dataset', `${dataset.name}/${dataset.digest}`));
  return [...new Set([...own, ...logged])];
}

async function versionNamed(reader: Reader, name: string, which: string | undefined): Promise<NodeId | undefined> {
  const model = await reader.stores.models.get(name);
  if (model === undefined) return undefined;
  const number =
    which === undefined || which === 'latest'
      ? (await reader.stores.versions.find({ where: { model: name }, limit: 1 }))[0]?.number
      : Number(which);
  if (number === undefined || !Number.isInteger(number)) return undefined;
  const version = await reader.version(`${name}/${number}`);
  return version === undefined ? undefined : nodeId('version', version.id);
}

async function aliased(reader: Reader, name: string, alias: string): Promise<NodeId> {
  const model = await reader.stores.models.get(name);
  const aliases = model?.aliases ?? {};
  const number = Object.hasOwn(aliases, alias) ? aliases[alias] : undefined;
  if (number !== undefined) return nodeId('version', `${name}/${number}`);
  const has = Object.keys(aliases).join(', ') || 'none';
  throw new MillwrightError(
    'MW-NOT-FOUND',
    model === undefined ? `no registered model "${name}"` : `model "${name}" has no alias "${alias}" (it has: ${has})`,
    { where: 'node', next: model === undefined ? 'mw models' : `mw models ${name}` },
  );
}

/** MLflow's own addresses and names that say what they are. */
async function addressed(reader: Reader, what: string): Promise<NodeId | undefined> {
  const uri = /^models:\/(.+)$/.exec(what)?.[1] ?? (/^[^:]+@[\w-]+$/.test(what) ? what : undefined);
  if (uri !== undefined) {
    if (/^m-[0-9a-f]{32}$/.test(uri)) return nodeId('model', uri);
    const [, name = '', alias] = /^(.+)@([\w-]+)$/.exec(uri) ?? [];
    if (alias !== undefined) return aliased(reader, name, alias);
    const [, model = uri, version] = /^(.+)\/(\w+)$/.exec(uri) ?? [];
    return versionNamed(reader, model, version);
  }
  const run = /^runs:\/([^/]+)/.exec(what)?.[1];
  return run === undefined ? undefined : nodeId('run', run);
}

/** Every thing that has exactly this name. */
async function named(reader: Reader, what: string): Promise<readonly NodeId[]> {
  const [, model, number] = /^(.+)\/v?(\d{1,9})$/.exec(what) ?? [];
  const [version, run, logged, dataset, pipeline, alert, release, endpoint, environment] = await Promise.all([
    model === undefined ? undefined : versionNamed(reader, model, number),
    /^[A-Za-z0-9][\w-]{0,255}$/.test(what) ? reader.run(what) : undefined,
    /^m-[0-9a-f]{32}$/.test(what) ? reader.model(what) : undefined,
    reader.dataset(what),
    reader.pipeline(what),
    reader.alert(what),
    reader.release(what),
    reader.endpoint(what),
    reader.environment(what),
  ]);
  return [
    ...(version === undefined ? [] : [version]),
    ...(run === undefined ? [] : [nodeId('run', what)]),
    ...(logged === undefined ? [] : [nodeId('model', what)]),
    ...(dataset === undefined ? [] : [nodeId('dataset', what)]),
    ...(pipeline === undefined ? [] : [nodeId('pipeline', what)]),
    ...(alert === undefined ? [] : [nodeId('alert', what)]),
    ...(release === undefined ? [] : [nodeId('release', what)]),
    ...(endpoint === undefined ? [] : [nodeId('endpoint', what)]),
    ...(environment === undefined ? [] : [nodeId('environment', what)]),
  ];
}

/** True when the thing is there: a node in full may name what was never here. */
async function exists(reader: Reader, node: NodeId): Promise<boolean> {
  const name = splitNode(node);
  if (name === undefined) return false;
  if (name.kind !== 'logged-dataset') return (await reader[name.kind](name.id)) !== undefined;
  const { name: dataset, digest } = loggedDataset(name.id);
  const filter: Filter = [
    { entity: 'dataset', key: 'digest', op: '=', value: digest },
    { entity: 'dataset', key: 'name', op: '=', value: dataset },
  ];
  return (await runsWhere(reader, filter)).length > 0;
}

/** Throws MW-NOT-FOUND for what names nothing, MW-CONFLICT with the candidates for what names several things. */
export async function resolveNode(reader: Reader, what: string): Promise<NodeId> {
  const text = what.trim();
  const address = await addressed(reader, text);
  const full = splitNode(text);
  const exact =
    address ??
    (full === undefined ? undefined : ((await inKind(reader, full.kind, full.id)) ?? nodeId(full.kind, full.id)));
  if (exact !== undefined) {
    if (await exists(reader, exact)) return exact;
    throw unknown(text);
  }
  const found = await named(reader, text);
  if (found.length > 1) throw ambiguous(text, found);
  if (found[0] !== undefined) return found[0];
  const hex = text.replace(/^sha256:/, '').toLowerCase();
  const starting = SHORT_ID.test(hex)
    ? [...(text === hex ? await runsStarting(reader, hex) : []), ...(await datasetsStarting(reader, hex))]
    : [];
  if (starting.length > 1) throw ambiguous(text, starting);
  if (starting[0] !== undefined) return starting[0];
  // A model's bare name is its newest version: what somebody who asks for the model wants to see.
  const newest = await versionNamed(reader, text, undefined);
  if (newest !== undefined) return newest;
  throw unknown(text);
}

/** `run:3f2a…` and `dataset:1a2b…` may be shortened too. */
async function inKind(reader: Reader, kind: string, id: string): Promise<NodeId | undefined> {
  const hex = id.replace(/^sha256:/, '').toLowerCase();
  if (!SHORT_ID.test(hex) || (kind !== 'run' && kind !== 'dataset' && kind !== 'logged-dataset')) return undefined;
  if (kind === 'run' && (await reader.run(id)) !== undefined) return nodeId('run', id);
  const all = kind === 'run' ? await runsStarting(reader, hex) : await datasetsStarting(reader, hex);
  const found = kind === 'run' ? all : all.filter((node) => node.startsWith(`${kind}:`));
  if (found.length > 1) throw ambiguous(id, found);
  return found[0];
}
