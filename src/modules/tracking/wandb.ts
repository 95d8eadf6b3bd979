/**
 * Runs of the unmodified `wandb` client. A wandb run is a Run, its project an Experiment, its config params, its history metrics, its
 * system events metrics below `system/`, its files artifacts. What has been read of each stream is kept in the same transaction as
 * what it said, so a chunk that comes twice is dropped.
 */
import { MillwrightError } from '../../domain/errors.ts';
import { RUN_NAME_TAG } from '../../domain/tracking.ts';
import type { Entry, Metric, WandbRun } from '../../domain/tracking.ts';
import type { ArtifactStore, Blob } from '../../ports/artifact-store.ts';
import type { Clock, Ids } from '../../ports/clock.ts';
import type { MetadataStore, Stores } from '../../ports/metadata-store.ts';
import { artifactPath } from './artifact-path.ts';
import type { Experiments } from './experiments.ts';
import type { Runs } from './runs.ts';
import {
  configParams,
  historyMetrics,
  type Json,
  keyOf,
  leaves,
  numberOf,
  parseLine,
  systemMetrics,
} from './wandb-words.ts';

export interface WandbKey {
  readonly entity: string;
  readonly project: string;
  /** wandb's own id of the run. */
  readonly name: string;
}

export interface WandbUpsert {
  readonly displayName?: string | undefined;
  readonly notes?: string | undefined;
  /** JSON text `{key: {value}}` */
  readonly config?: string | undefined;
  readonly tags?: readonly string[] | undefined;
  readonly group?: string | undefined;
  readonly jobType?: string | undefined;
  readonly program?: string | undefined;
  readonly host?: string | undefined;
  readonly commit?: string | undefined;
  readonly repo?: string | undefined;
  readonly user: string;
}

export interface WandbStream {
  readonly offset: number;
  readonly content: readonly string[];
}

export interface WandbChunk {
  readonly files: Readonly<Record<string, WandbStream>>;
  readonly complete?: boolean;
  readonly exitcode?: number;
}

export interface Wandb {
  /** Makes the run, or writes what changed. */
  upsertRun(key: WandbKey, change: WandbUpsert): Promise<{ readonly run: WandbRun; readonly inserted: boolean }>;
  /** For a resume; undefined when there is none. */
  findRun(key: WandbKey): Promise<WandbRun | undefined>;
  /** Durable when it resolves. A chunk that begins before what was read is cut; one that begins after it is refused (MW-CONFLICT). */
  takeChunk(key: WandbKey, chunk: WandbChunk): Promise<void>;
  writeFile(key: WandbKey, path: string, body: AsyncIterable<Uint8Array>, limitBytes: number): Promise<void>;
}

const MAX_NAME = 250;
const METRICS_AT_ONCE = 5_000;
const MAX_LOG_BYTES = 32 * 1024 * 1024;
const TAIL = 'tail:';
const LOG = 'output.log';
const NAME = /^[^\p{Cc}/\\]{1,250}$/u;

/** Throws MW-INVALID for a name that could not be one. */
export function wandbId({ entity, project, name }: WandbKey): string {
  for (const [field, value] of Object.entries({ entity, project, name })) {
    if (!NAME.test(value)) {
      throw new MillwrightError('MW-INVALID', `not a name: ${JSON.stringify(value.slice(0, 100))}`, { where: field });
    }
  }
  return `${entity}/${project}/${name}`;
}

export function createWandb(
  store: MetadataStore,
  artifacts: ArtifactStore,
  tracking: Pick<Experiments, 'ensureExperiment'> & Pick<Runs, 'endRun' | 'updateRun'>,
  clock: Clock,
  ids: Ids,
): Wandb {
  async function must(stores: Stores, key: WandbKey): Promise<WandbRun> {
    const found = await stores.wandbRuns.get(wandbId(key));
    if (found === undefined) {
      throw new MillwrightError('MW-NOT-FOUND', `no run ${key.name} in ${key.entity}/${key.project}`, { where: 'run' });
    }
    return found;
  }

  /** Params never change in tracking; what wandb changes later is a tag beside them. */
  async function writeConfig(tx: Stores, runId: string, config: Json): Promise<void> {
    const run = await tx.tracking.getRun(runId);
    const known = new Map(run?.params.map((param) => [param.key, param.value]));
    const [params, tags]: [Entry[], Entry[]] = [[], []];
    for (const entry of configParams(config)) {
      const before = known.get(entry.key);
      if (before === undefined) params.push(entry);
      else if (before !== entry.value) tags.push({ key: keyOf(`wandb.config.${entry.key}`), value: entry.value });
    }
    await tx.tracking.logBatch(runId, { params, tags });
  }

  function tagsOf(change: WandbUpsert): readonly Entry[] {
    const tags: Entry[] = [];
    const add = (key: string, value: string | undefined): void => {
      if (value !== undefined && value !== '') tags.push({ key, value: value.slice(0, 8000) });
    };
    add('mlflow.note.content', change.notes);
    add('mlflow.user', change.user);
    add('mlflow.source.name', change.program);
    add('mlflow.source.git.commit', change.commit);
    add('mlflow.source.git.repoURL', change.repo);
    add('wandb.tags', change.tags?.join(', '));
    add('wandb.group', change.group);
    add('wandb.job_type', change.jobType);
    add('wandb.host', change.host);
    return tags;
  }

  /** Lines that were not read yet. */
  function fresh(run: WandbRun, name: string, { offset, content }: WandbStream): readonly string[] {
    const read = run.offsets[name] ?? 0;
    if (offset > read) {
      throw new MillwrightError('MW-CONFLICT', `${name} goes on at line ${offset}, but only ${read} were received`, {
        where: name,
        next: 'wandb sync the run again',
      });
    }
    return content.slice(read - offset);
  }

  /** The log with these lines at its end, as a blob; undefined when it is full. Each line comes with its time before it. */
  async function longerLog(run: WandbRun, lines: readonly string[]): Promise<Blob | undefined> {
    const before = await store.tracking.getArtifact({ kind: 'run', id: run.runId }, LOG);
    if ((before?.bytes ?? 0) > MAX_LOG_BYTES) return undefined;
    const old = before === undefined ? new Uint8Array() : await artifacts.bytes(before.digest);
    const text = lines.map((line) => `${line.replace(/^(?:ERROR )?\S+ /, '')}\n`).join('');
    return artifacts.put(new Uint8Array(Buffer.concat([old, new TextEncoder().encode(text)])));
  }

  /** What only the summary says (a best value, a word), which no curve has. */
  function summaryOf(text: string, known: ReadonlySet<string>, now: number): { metrics: Metric[]; tags: Entry[] } {
    const [metrics, tags]: [Metric[], Entry[]] = [[], []];
    for (const [name, value] of leaves(parseLine(text))) {
      const key = keyOf(name);
      if (name.startsWith('_') || known.has(key)) continue;
      const number = numberOf(value);
      if (number !== undefined) metrics.push({ key, value: number, timestamp: now, step: 0 });
      else if (typeof value === 'string')
        tags.push({ key: keyOf(`wandb.summary.${name}`), value: value.slice(0, 8000) });
    }
    return { metrics, tags };
  }

  return {
    async upsertRun(key, change) {
      const id = wandbId(key);
      const before = await store.wandbRuns.get(id);
      const config = change.config === undefined ? undefined : parseLine(change.config);
      const state = {
        ...(change.displayName === undefined ? {} : { displayName: change.displayName }),
        ...(change.config === undefined ? {} : { config: change.config }),
        ...(change.notes === undefined ? {} : { notes: change.notes }),
        ...(change.tags === undefined ? {} : { tags: change.tags }),
      };
      const experiment = await tracking.ensureExperiment(
        key.entity === change.user ? key.project : `${key.entity}/${key.project}`,
      );
      const name = (change.displayName ?? key.name).slice(0, MAX_NAME);
      const runId = ids.hex(32);
      const run = await store.transaction(async (tx) => {
        const found = await tx.wandbRuns.get(id);
        if (found === undefined) {
          const now = clock.now();
          await tx.tracking.createRun(
            {
              id: runId,
              experimentId: experiment.id,
              name,
              userId: change.user,
              status: 'RUNNING',
              startTime: now,
              lifecycle: 'active',
            },
            {},
          );
          await tx.wandbRuns.insert({ id, createdAt: now, runId, offsets: {}, state });
        } else {
          await tx.wandbRuns.update(id, (doc) => ({ ...doc, state: { ...doc.state, ...state } }));
          if (change.displayName !== undefined) await tx.tracking.updateRun(found.runId, { name });
        }
        const own = found?.runId ?? runId;
        await tx.tracking.logBatch(own, {
          tags: [
            ...tagsOf(change),
            { key: 'wandb.run', value: id },
            ...(found === undefined ? [{ key: RUN_NAME_TAG, value: name }] : []),
          ],
        });
        if (config !== undefined) await writeConfig(tx, own, config);
        return must(tx, key);
      });
      // Going on with a run that had ended: it runs again.
      if (before !== undefined && before.state['ended'] === true) {
        await tracking.updateRun(run.runId, { status: 'RUNNING' });
        await store.wandbRuns.update(id, (doc) => ({ ...doc, state: { ...doc.state, ended: false } }));
      }
      return { run, inserted: before === undefined };
    },

    findRun: (key) => store.wandbRuns.get(wandbId(key)),

    async takeChunk(key, chunk) {
      const id = wandbId(key);
      const now = clock.now();
      const output = chunk.files[LOG];
      const seen = await must(store, key);
      const lines = output === undefined ? [] : fresh(seen, LOG, output);
      // Durable before its row, and made outside: a transaction waits for nothing but the database.
      const log = lines.length === 0 ? undefined : await longerLog(seen, lines);
      await store.transaction(async (tx) => {
        const run = await must(tx, key);
        const metrics: Metric[] = [];
        const tags: Entry[] = [];
        const offsets = { ...run.offsets };
        const state: Record<string, unknown> = {};
        for (const [name, stream] of Object.entries(chunk.files)) {
          if (name === 'wandb-summary.json') continue;
          const added = fresh(run, name, stream);
          const at = run.offsets[name] ?? 0;
          if (name === 'wandb-history.jsonl') {
            for (const line of added) metrics.push(...historyMetrics(parseLine(line), now));
          } else if (name === 'wandb-events.jsonl') {
            for (const [index, line] of added.entries())
              metrics.push(...systemMetrics(parseLine(line), at + index, now));
          } else if (name === LOG) {
            // Another chunk may have come between; then this one is the repeat.
            if (log !== undefined && run.offsets[LOG] === seen.offsets[LOG]) {
              await tx.tracking.putArtifact({ kind: 'run', id: run.runId }, { path: LOG, ...log });
            }
          } else continue;
          offsets[name] = at + added.length;
          if (added.length > 0) state[TAIL + name] = added.at(-1);
        }
        const summary = chunk.files['wandb-summary.json']?.content.at(-1);
        if (summary !== undefined) {
          const keys = await tx.tracking.metricKeys(run.runId);
          const known = new Set([...keys.map((one) => one.key), ...metrics.map((one) => one.key)]);
          const said = summaryOf(summary, known, now);
          metrics.push(...said.metrics);
          tags.push(...said.tags);
          state['summary'] = summary;
        }
        for (let at = 0; at < metrics.length; at += METRICS_AT_ONCE) {
          await tx.tracking.logBatch(run.runId, { metrics: metrics.slice(at, at + METRICS_AT_ONCE) });
        }
        if (tags.length > 0) await tx.tracking.logBatch(run.runId, { tags });
        if (chunk.complete === true) state['ended'] = true;
        await tx.wandbRuns.update(id, (doc) => ({ ...doc, offsets, state: { ...doc.state, ...state } }));
      });
      if (chunk.complete === true) {
        // 255 and its like: the program was killed by a person or by the machine.
        const code = chunk.exitcode ?? 0;
        await tracking.endRun(seen.runId, code === 0 ? 'FINISHED' : code === 255 || code > 128 ? 'KILLED' : 'FAILED');
      }
    },

    async writeFile(key, path, body, limitBytes) {
      const run = await must(store, key);
      // The log came line by line; what is sent besides at the end is that of the last process only.
      if (path === LOG) {
        for await (const _chunk of body);
        return;
      }
      // Before the body: gigabytes are not taken for a name that is refused.
      const checked = artifactPath(path);
      const blob = await artifacts.put(body, limitBytes);
      await store.tracking.putArtifact({ kind: 'run', id: run.runId }, { path: checked, ...blob });
    },
  };
}
