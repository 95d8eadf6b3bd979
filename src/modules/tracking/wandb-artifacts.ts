/** Artifacts that a wandb client uploads: files of the run below `artifacts/<collection>-v<N>/`; a model is a LoggedModel besides, a data set an input. */
import { createHash } from 'node:crypto';
import { MillwrightError } from '../../domain/errors.ts';
import type { ArtifactStore } from '../../ports/artifact-store.ts';
import type { Clock, Ids } from '../../ports/clock.ts';
import type { MetadataStore, Stores } from '../../ports/metadata-store.ts';
import { artifactPath } from './artifact-path.ts';
import { type WandbKey, wandbId } from './wandb.ts';

export interface NewWandbArtifact {
  readonly collection: string;
  readonly type: string;
  /** wandb's own digest of the manifest (hex md5). */
  readonly digest: string;
  readonly aliases: readonly string[];
  readonly description?: string | undefined;
  /** JSON text. */
  readonly metadata?: string | undefined;
}

interface Kept extends NewWandbArtifact {
  readonly version: number;
  readonly committed: boolean;
}

export interface WandbArtifacts {
  /** The same digest in the same run and collection again is the same artifact. */
  createArtifact(
    key: WandbKey,
    artifact: NewWandbArtifact,
  ): Promise<{ readonly id: string; readonly committed: boolean }>;
  /** Throws MW-INVALID when the bytes are not those of `md5` (base64), MW-NOT-FOUND. */
  writeArtifactFile(
    artifactId: string,
    name: string,
    md5: string,
    body: AsyncIterable<Uint8Array>,
    limitBytes: number,
  ): Promise<void>;
  commitArtifact(artifactId: string): Promise<void>;
}

const COLLECTION = /^[^\p{Cc}/\\%]{1,200}$/u;

/** `<wandb run>#<id>`: an id names its run, so nothing has to be searched. */
function split(artifactId: string): readonly [run: string, id: string] {
  const at = artifactId.lastIndexOf('#');
  return [artifactId.slice(0, Math.max(0, at)), artifactId.slice(at + 1)];
}

const folderOf = ({ collection, version }: Kept): string => `artifacts/${collection}-v${version}`;

export function createWandbArtifacts(
  store: MetadataStore,
  artifacts: ArtifactStore,
  clock: Clock,
  ids: Ids,
): WandbArtifacts {
  const keptIn = (state: Readonly<Record<string, unknown>>): Readonly<Record<string, Kept>> =>
    (state['artifacts'] ?? {}) as Readonly<Record<string, Kept>>;

  async function find(stores: Stores, artifactId: string) {
    const [runKey, id] = split(artifactId);
    const run = await stores.wandbRuns.get(runKey);
    const all = run === undefined ? {} : keptIn(run.state);
    // The id comes from the client: `constructor` is in every object.
    const kept = Object.hasOwn(all, id) ? all[id] : undefined;
    if (run === undefined || kept === undefined) {
      throw new MillwrightError('MW-NOT-FOUND', 'there is no such artifact', { where: artifactId.slice(0, 200) });
    }
    return { run, kept, id };
  }

  async function change(tx: Stores, runKey: string, id: string, kept: Kept): Promise<void> {
    await tx.wandbRuns.update(runKey, (doc) => ({
      ...doc,
      state: { ...doc.state, artifacts: { ...keptIn(doc.state), [id]: kept } },
    }));
  }

  /** Every file has its row; the rows of a model are the run's own once more, which costs no bytes. */
  async function logModel(tx: Stores, runId: string, kept: Kept): Promise<void> {
    const run = await tx.tracking.getRunInfo(runId);
    if (run === undefined) return;
    const id = `m-${ids.hex(32)}`;
    const now = clock.now();
    await tx.tracking.createLoggedModel({
      id,
      experimentId: run.experimentId,
      name: kept.collection.replaceAll(/[/:.%"']/g, '_'),
      modelType: 'wandb',
      sourceRunId: runId,
      status: 'LOGGED_MODEL_READY',
      createdAt: now,
      updatedAt: now,
      params: [],
      tags: [
        { key: 'wandb.version', value: `v${kept.version}` },
        { key: 'wandb.aliases', value: kept.aliases.join(', ') },
        ...(kept.metadata === undefined ? [] : [{ key: 'wandb.metadata', value: kept.metadata.slice(0, 8000) }]),
      ],
      metrics: [],
    });
    const folder = folderOf(kept);
    for (const row of await tx.tracking.listArtifacts({ kind: 'run', id: runId }, folder)) {
      await tx.tracking.putArtifact({ kind: 'model', id }, { ...row, path: row.path.slice(folder.length + 1) });
    }
    await tx.tracking.logOutputs(runId, [{ modelId: id, step: 0 }]);
  }

  async function logDataset(tx: Stores, runId: string, kept: Kept): Promise<void> {
    const dataset = { name: kept.collection, digest: kept.digest, sourceType: 'wandb', source: `v${kept.version}` };
    await tx.tracking.logInputs(runId, [{ dataset, tags: [{ key: 'mlflow.data.context', value: 'wandb' }] }], []);
  }

  return {
    async createArtifact(key, artifact) {
      if (!COLLECTION.test(artifact.collection) || artifact.collection === '..' || artifact.collection === '.') {
        throw new MillwrightError('MW-INVALID', 'not a name of an artifact', { where: 'artifactCollectionName' });
      }
      const runKey = wandbId(key);
      return store.transaction(async (tx) => {
        const run = await tx.wandbRuns.get(runKey);
        if (run === undefined) throw new MillwrightError('MW-NOT-FOUND', `no run ${key.name}`, { where: 'runName' });
        const same = Object.entries(keptIn(run.state)).find(
          ([, kept]) => kept.collection === artifact.collection && kept.digest === artifact.digest,
        );
        if (same !== undefined) return { id: `${runKey}#${same[0]}`, committed: same[1].committed };
        const number = await tx.counter(`wandb:${key.entity}/${key.project}/${artifact.collection}`);
        const id = ids.hex(16);
        // wandb counts from 0.
        await change(tx, runKey, id, { ...artifact, version: number - 1, committed: false });
        return { id: `${runKey}#${id}`, committed: false };
      });
    },

    async writeArtifactFile(artifactId, name, md5, body, limitBytes) {
      const { run, kept } = await find(store, artifactId);
      const path = artifactPath(`${folderOf(kept)}/${name}`);
      const hash = createHash('md5');
      async function* hashed(): AsyncGenerator<Uint8Array> {
        for await (const chunk of body) {
          hash.update(chunk);
          yield chunk;
        }
        if (md5 !== '' && hash.digest('base64') !== md5) {
          throw new MillwrightError('MW-INVALID', 'the bytes that came are not those that were announced', {
            where: name,
          });
        }
      }
      const blob = await artifacts.put(hashed(), limitBytes);
      await store.tracking.putArtifact({ kind: 'run', id: run.runId }, { path, ...blob });
    },

    async commitArtifact(artifactId) {
      const [runKey] = split(artifactId);
      await store.transaction(async (tx) => {
        const { run, kept, id } = await find(tx, artifactId);
        if (kept.committed) return;
        await change(tx, runKey, id, { ...kept, committed: true });
        if (kept.type === 'model') await logModel(tx, run.runId, kept);
        if (kept.type === 'dataset') await logDataset(tx, run.runId, kept);
      });
    },
  };
}
