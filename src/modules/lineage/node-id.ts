/** `kind:id`: how lineage names things of every kind. */

export const KINDS = [
  'dataset',
  'logged-dataset',
  'run',
  'pipeline',
  'model',
  'version',
  'release',
  'endpoint',
  'alert',
  'environment',
] as const;
export type Kind = (typeof KINDS)[number];

/** `version:flights/3`; a dataset that a client logged is `logged-dataset:<name>/<digest>`. */
export type NodeId = `${Kind}:${string}`;

export const nodeId = (kind: Kind, id: string): NodeId => `${kind}:${id}`;

export interface Named {
  readonly kind: Kind;
  readonly id: string;
}

export function splitNode(node: string): Named | undefined {
  const at = node.indexOf(':');
  const kind = KINDS.find((one) => one === node.slice(0, at));
  return kind === undefined ? undefined : { kind, id: node.slice(at + 1) };
}

/** Name and digest of a logged dataset; a name may hold slashes, a digest cannot. */
export function loggedDataset(id: string): { readonly name: string; readonly digest: string } {
  const at = id.lastIndexOf('/');
  return { name: id.slice(0, at), digest: id.slice(at + 1) };
}
