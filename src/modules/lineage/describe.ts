/** What a node says of itself. A thing that is gone keeps its place and says so. */
import { PIPELINE_TAG } from './causes.ts';
import type { Kind, NodeId } from './node-id.ts';
import { loggedDataset, splitNode } from './node-id.ts';
import type { Reader } from './reader.ts';

export interface LineageNode {
  readonly id: NodeId;
  readonly kind: Exclude<Kind, 'logged-dataset'>;
  readonly label: string;
  readonly at?: number;
  /** Address inside the web app. */
  readonly href?: string;
  readonly facts: Readonly<Record<string, string>>;
}

type Said = Omit<LineageNode, 'id' | 'kind'>;

const part = encodeURIComponent;
/** Pages of things that belong to no project. */
const place = (project: string | undefined): string =>
  `/p/${part(project === undefined || project === '' ? '-' : project)}`;
const short = (digest: string): string => digest.replace(/^sha256:/, '').slice(0, 12);
const number = (value: number): string => value.toLocaleString('en-US');

const SAY: Readonly<Record<Kind, (reader: Reader, id: string) => Promise<Said | undefined>>> = {
  async dataset(reader, id) {
    const found = await reader.dataset(id);
    if (found === undefined) return undefined;
    const { project, name, digest, rows, createdAt } = found;
    const href = `${place(project)}/data/${part(name)}/${short(digest)}`;
    return { label: `${name} ${short(digest)}`, at: createdAt, href, facts: { rows: number(rows), digest } };
  },
  'logged-dataset'(_reader, id) {
    const { name, digest } = loggedDataset(id);
    return Promise.resolve({ label: `${name} ${digest}`, facts: { digest, logged: 'by an MLflow client' } });
  },
  async environment(reader, id) {
    const found = await reader.environment(id);
    if (found === undefined) return undefined;
    const { python, packages, createdAt } = found;
    return { label: id, at: createdAt, facts: { python, packages: String(packages.length) } };
  },
  async run(reader, id) {
    const found = await reader.run(id);
    if (found === undefined) return undefined;
    const { info, tags } = found;
    const project = tags.find((tag) => tag.key === PIPELINE_TAG)?.value.replace(/-\d+$/, '');
    return {
      label: info.name,
      at: info.startTime,
      href: `${place(project)}/runs/${part(id)}`,
      facts: {
        status: info.status,
        run: id.slice(0, 12),
        ...(info.lifecycle === 'deleted' ? { state: 'in the trash' } : {}),
      },
    };
  },
  async pipeline(reader, id) {
    const found = await reader.pipeline(id);
    if (found === undefined) return undefined;
    const { project, status, cause, createdAt, commit } = found;
    return {
      label: id,
      at: createdAt,
      href: `${place(project)}/pipelines/${part(project)}/${found.number}`,
      facts: { status, cause: cause.kind, ...(commit === undefined ? {} : { commit: commit.slice(0, 12) }) },
    };
  },
  async model(reader, id) {
    const found = await reader.model(id);
    if (found === undefined) return undefined;
    return {
      label: found.name,
      at: found.createdAt,
      facts: { model: id, status: found.status.replace('LOGGED_MODEL_', '') },
    };
  },
  async version(reader, id) {
    const found = await reader.version(id);
    if (found === undefined) return undefined;
    const aliases = Object.entries((await reader.stores.models.get(found.model))?.aliases ?? {})
      .filter(([, one]) => one === found.number)
      .map(([alias]) => alias);
    return {
      label: `${found.model} v${found.number}`,
      at: found.createdAt,
      href: `${place(found.lineage?.project)}/models/${part(found.model)}/${found.number}`,
      facts: {
        verdict: found.verdict,
        ...(aliases.length === 0 ? {} : { aliases: aliases.join(', ') }),
        ...(found.deletedAt === undefined ? {} : { state: 'deleted' }),
      },
    };
  },
  async release(reader, id) {
    const found = await reader.release(id);
    if (found === undefined) return undefined;
    const endpoint = await reader.endpoint(found.endpoint);
    const percent = endpoint?.weights.find((weight) => weight.releaseId === id)?.percent ?? 0;
    return {
      label: id,
      at: found.createdAt,
      href: `${place(endpoint?.project)}/endpoints/${part(found.endpoint)}`,
      facts: { version: `v${found.version}`, calls: `${percent}%` },
    };
  },
  async endpoint(reader, id) {
    const found = await reader.endpoint(id);
    if (found === undefined) return undefined;
    const traffic = found.weights.map((weight) => `v${weight.version} ${weight.percent}%`).join(', ');
    const href = `${place(found.project)}/endpoints/${part(id)}`;
    return { label: id, at: found.createdAt, href, facts: { model: found.model, traffic } };
  },
  async alert(reader, id) {
    const found = await reader.alert(id);
    if (found === undefined) return undefined;
    const { project, status, text, createdAt } = found;
    return { label: id, at: createdAt, href: `${place(project)}/incidents/${found.number}`, facts: { status, text } };
  },
};

export async function describeNode(reader: Reader, node: NodeId): Promise<LineageNode | undefined> {
  const named = splitNode(node);
  if (named === undefined) return undefined;
  const kind = named.kind === 'logged-dataset' ? 'dataset' : named.kind;
  const said = await SAY[named.kind](reader, named.id);
  return { id: node, kind, ...(said ?? { label: named.id, facts: { state: 'gone' } }) };
}
