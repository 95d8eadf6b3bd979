/** A Kubernetes API server by the kubeconfig of the person who deploys (ports/cluster.ts). */
import { KubeConfig, KubernetesObjectApi, PatchStrategy } from '@kubernetes/client-node';
import type { ClusterObject } from '../../domain/cluster.ts';
import { MillwrightError } from '../../domain/errors.ts';
import type { Cluster, ClusterRef } from '../../ports/cluster.ts';

const PAGE = 500;

/** The API server's Status object, as the client hands it over: parsed or as text. */
interface ApiStatus {
  readonly message?: string;
  readonly reason?: string;
  readonly details?: { readonly causes?: readonly { readonly field?: string; readonly message?: string }[] };
}

function statusOf(body: unknown): ApiStatus {
  if (typeof body === 'object' && body !== null) return body;
  try {
    return JSON.parse(String(body)) as ApiStatus;
  } catch {
    return { message: String(body) };
  }
}

function codedError(error: unknown, what: string): MillwrightError {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  const body = typeof error === 'object' && error !== null && 'body' in error ? error.body : undefined;
  const { message = error instanceof Error ? error.message : String(error), details } = statusOf(body ?? {});
  const cause = details?.causes?.[0];
  const where = cause?.field === undefined ? what : `${what} ${cause.field}`;
  const kind =
    code === 401
      ? 'MW-UNAUTHENTICATED'
      : code === 403
        ? 'MW-FORBIDDEN'
        : code === 404
          ? 'MW-NOT-FOUND'
          : code === 409
            ? 'MW-CONFLICT'
            : code === 400 || code === 415 || code === 422
              ? 'MW-INVALID'
              : 'MW-UNAVAILABLE';
  const next =
    kind === 'MW-UNAVAILABLE'
      ? 'is the cluster reachable? kubectl cluster-info'
      : kind === 'MW-FORBIDDEN'
        ? 'ask for the rights, or look with: kubectl auth can-i --list'
        : 'kubectl explain, or mw deploy --target kubernetes --output yaml';
  return new MillwrightError(kind, `the cluster refused ${what}: ${message.slice(0, 1000)}`, {
    where,
    next,
    cause: error,
  });
}

const isMissing = (error: unknown): boolean =>
  typeof error === 'object' && error !== null && 'code' in error && error.code === 404;

/** The client throws a bare Error for a kind that discovery does not list; for a whole group that is not there, discovery is a 404. */
function isUnknownKind(error: unknown): boolean {
  if (error instanceof Error && /unrecognized api version and kind/i.test(error.message)) return true;
  const body =
    isMissing(error) && typeof error === 'object' && error !== null && 'body' in error ? error.body : undefined;
  return body !== undefined && /page not found/i.test(statusOf(body).message ?? '');
}

function headerOf({ apiVersion, kind, name, namespace }: ClusterRef) {
  return { apiVersion, kind, metadata: { name, namespace } };
}

export interface ClusterOptions {
  /** Of the kubeconfig; default: its current one. */
  readonly context?: string;
  /** Default: what kubectl would take. */
  readonly kubeconfig?: string;
  /** Who the fields are noted for; default: millwright. */
  readonly manager?: string;
  /** Take over fields that another manager owns. */
  readonly force?: boolean;
}

/** Throws MW-USAGE without a usable kubeconfig or for an unknown context. Contacts nobody yet. */
export function openCluster(options: ClusterOptions = {}): Cluster {
  const config = new KubeConfig();
  try {
    if (options.kubeconfig === undefined) config.loadFromDefault();
    else config.loadFromFile(options.kubeconfig);
  } catch (error) {
    throw new MillwrightError('MW-USAGE', `the kubeconfig cannot be read: ${String(error)}`, {
      where: options.kubeconfig ?? 'KUBECONFIG',
      next: 'kubectl config view',
      cause: error,
    });
  }
  const contexts = config.getContexts().map((one) => one.name);
  if (options.context !== undefined) {
    if (!contexts.includes(options.context))
      throw new MillwrightError('MW-USAGE', `the kubeconfig has no context "${options.context}"`, {
        where: '--context',
        next: `one of: ${contexts.join(', ')}`,
      });
    config.setCurrentContext(options.context);
  }
  const server = config.getCurrentCluster()?.server;
  if (server === undefined)
    throw new MillwrightError('MW-USAGE', 'there is no cluster in the kubeconfig', {
      where: 'KUBECONFIG',
      next: 'see manifests without a cluster: mw deploy --target kubernetes --output yaml',
    });
  const client = KubernetesObjectApi.makeApiClient(config);

  async function send(object: ClusterObject, dryRun: 'All' | undefined): Promise<ClusterObject> {
    const what = `${object.kind}/${object.metadata.name}`;
    try {
      const made = await client.patch(
        structuredClone(object) as never,
        undefined,
        dryRun,
        options.manager ?? 'millwright',
        options.force ?? false,
        PatchStrategy.ServerSideApply,
      );
      return made;
    } catch (error) {
      if (isUnknownKind(error))
        throw new MillwrightError('MW-NOT-FOUND', `the cluster knows no ${object.kind} of ${object.apiVersion}`, {
          where: object.apiVersion,
          next: object.kind === 'InferenceService' ? 'install KServe, or leave --kserve out' : 'use a newer cluster',
          cause: error,
        });
      throw codedError(error, what);
    }
  }

  return {
    description: `${config.getCurrentContext()} (${server.replace(/^https?:\/\//, '')})`,
    async get(ref) {
      try {
        return (await client.read(headerOf(ref))) as unknown as ClusterObject;
      } catch (error) {
        if (isMissing(error) || isUnknownKind(error)) return undefined;
        throw codedError(error, `${ref.kind}/${ref.name}`);
      }
    },
    preview: (object) => send(object, 'All'),
    apply: (object) => send(object, undefined),
    async remove(ref) {
      try {
        await client.delete(headerOf(ref), undefined, undefined, undefined, undefined, 'Background');
      } catch (error) {
        if (!isMissing(error)) throw codedError(error, `${ref.kind}/${ref.name}`);
      }
    },
    async list(kinds, namespace, labels) {
      const selector = Object.entries(labels)
        .map(([key, value]) => `${key}=${value}`)
        .join(',');
      const found: ClusterObject[] = [];
      for (const { apiVersion, kind } of kinds) {
        try {
          const page = await client.list(
            ...([apiVersion, kind, namespace, undefined, undefined, undefined, undefined, selector, PAGE] as const),
          );
          // Members of a list carry neither their kind nor their version.
          for (const item of page.items) found.push({ ...(item as unknown as ClusterObject), apiVersion, kind });
        } catch (error) {
          if (!isMissing(error) && !isUnknownKind(error)) throw codedError(error, kind);
        }
      }
      return found;
    },
  };
}
