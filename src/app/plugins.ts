/** Every built-in implementation of a port by the scheme of its URI. Loaded only when asked for: DuckDB and ONNX stay out of the start. */
import { MillwrightError } from '../domain/errors.ts';

const PLUGINS = [
  ['metadata', 'sqlite', () => import('../adapters/metadata-sql/index.ts')],
  ['metadata', 'postgres', () => import('../adapters/metadata-sql/index.ts')],
  ['metadata', 'postgresql', () => import('../adapters/metadata-sql/index.ts')],
  ['metadata', 'mysql', () => import('../adapters/metadata-sql/index.ts')],
  ['metadata', 'mariadb', () => import('../adapters/metadata-sql/index.ts')],
  ['metadata', 'memory', () => import('../adapters/memory/index.ts')],
  ['artifacts', 'file', () => import('../adapters/artifacts-fs/index.ts')],
  ['artifacts', 's3', () => import('../adapters/artifacts-s3/index.ts')],
  ['analytics', 'duckdb', () => import('../adapters/analytics-duckdb/index.ts')],
  ['executor', 'process', () => import('../adapters/executor-process/index.ts')],
  ['environment', 'python', () => import('../adapters/environment-python/index.ts')],
  ['workspace', 'file', () => import('../adapters/workspace-fs/index.ts')],
  ['images', 'layout', () => import('../adapters/image-layout/index.ts')],
  ['plane', 'process', () => import('../adapters/data-plane-process/index.ts')],
  ['plane', 'fleet', () => import('../adapters/data-plane-fleet/index.ts')],
  ['import', 'mlflow', () => import('../adapters/import-mlflow/index.ts')],
  ['export', 'folder', () => import('../adapters/export-folder/index.ts')],
  ['preview', 'process', () => import('../adapters/preview-process/index.ts')],
  ['cluster', 'kubernetes', () => import('../adapters/cluster-kubernetes/index.ts')],
  ['notifier', 'webhook', () => import('../adapters/notifier-webhook/index.ts')],
] as const;

type Plugin = (typeof PLUGINS)[number];
type Found<K extends Plugin[0], S extends string> = Extract<Plugin, readonly [K, S, unknown]>[2] extends () => Promise<
  infer M
>
  ? M
  : never;

/** Throws MW-CONFIG-VALUE for a scheme nobody implements, naming those there are. */
export async function plugin<K extends Plugin[0], S extends Extract<Plugin, readonly [K, string, unknown]>[1]>(
  kind: K,
  scheme: S,
): Promise<Found<K, S>> {
  const entry = PLUGINS.find(([k, s]) => k === kind && s === scheme);
  if (entry === undefined) {
    const known = PLUGINS.filter(([k]) => k === kind).map(([, s]) => s);
    throw new MillwrightError('MW-CONFIG-VALUE', `no ${kind} for "${scheme}:"; there are ${known.join(', ')}`);
  }
  return (await entry[2]()) as Found<K, S>;
}

/** The metadata plugin that a URL's scheme names. Throws MW-CONFIG-VALUE for another one, without showing more of the URL. */
export async function metadataPlugin(url: string) {
  const scheme = /^([a-z]+):/.exec(url)?.[1] ?? '';
  const known = ['sqlite', 'postgres', 'postgresql', 'mysql', 'mariadb'] as const;
  const found = known.find((one) => one === scheme);
  if (found !== undefined) return plugin('metadata', found);
  throw new MillwrightError('MW-CONFIG-VALUE', `no metadata for "${scheme}:"; there are ${known.join(', ')}`, {
    where: 'metadata',
    next: 'for example --metadata postgres://user:password@127.0.0.1:5432/millwright',
  });
}
