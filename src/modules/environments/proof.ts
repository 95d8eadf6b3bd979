/** An environment's lock, proven: built anew from nothing but the lock, and one real prediction made in it. */
import type { Environment } from '../../domain/environments.ts';
import { MillwrightError } from '../../domain/errors.ts';
import type { EnvironmentProof, ModelVersion } from '../../domain/registry.ts';
import type { AnalyticsStore, PredictionRow } from '../../ports/analytics-store.ts';
import type { ArtifactStore } from '../../ports/artifact-store.ts';
import type { Clock, Ids } from '../../ports/clock.ts';
import type { Context, Log } from '../../ports/context.ts';
import type { EnvironmentRebuilder, FreshEnvironment } from '../../ports/environment-builder.ts';
import type { MetadataStore, Stores } from '../../ports/metadata-store.ts';
import { type Answer, largestDifference, readAnswer } from './proof-answer.ts';

export interface ProofDeps {
  readonly store: MetadataStore;
  readonly artifacts: ArtifactStore;
  readonly analytics: Pick<AnalyticsStore, 'recent'>;
  readonly builder: EnvironmentRebuilder;
  /** Path of `python/prove.py`. */
  readonly program: string;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Log;
}

export interface Proofs {
  /**
   * Starts a proof and answers at once; one that runs for the version is answered instead of a second. Throws MW-NOT-FOUND, MW-STATE
   * for a version whose environment was not recorded, MW-OVERLOADED while others run.
   */
  prove(ctx: Context, model: string, version: number): Promise<EnvironmentProof>;
  /** Newest first. */
  proofsOf(model: string, version: number): Promise<readonly EnvironmentProof[]>;
  /** Proofs that a killed server left running have failed. Call once, before the first `prove`. */
  recover(): Promise<void>;
  /** Ends what runs and waits for it; those proofs have failed. */
  stop(): Promise<void>;
}

/** Each builds a whole environment: disk and network for one at a time, and one to wait for. */
const MOST_AT_ONCE = 2;
const PREDICT_MS = 120_000;
const WHOLE_MS = 20 * 60_000;
const KEPT_LINES = 60;
/** Kept answers that are looked at for those of the version. */
const RECENT = 1000;
const ROWS = 50;
const DIFFERS = 1e-4;

interface Subject {
  readonly version: ModelVersion;
  readonly environment: Environment;
}

async function subjectOf(store: Stores, model: string, number: number): Promise<Subject> {
  const version = await store.versions.get(`${model}/${number}`);
  if (version === undefined || version.deletedAt !== undefined) {
    throw new MillwrightError('MW-NOT-FOUND', `model "${model}" has no version ${number}`, {
      where: 'version',
      next: `mw models ${model}`,
    });
  }
  const id = version.lineage?.environmentId;
  const environment = id === undefined ? undefined : await store.environments.get(id);
  if (environment !== undefined) return { version, environment };
  throw new MillwrightError('MW-STATE', `no locked environment is recorded for ${model} v${number}`, {
    where: 'version',
    next: 'only versions that a pipeline of Millwright made have one: mw run',
  });
}

export function createProofs(deps: ProofDeps): Proofs {
  const { store, artifacts, clock, ids } = deps;
  const running = new Map<string, { readonly abort: AbortController; readonly done: Promise<void> }>();

  /** What this version answered when it served: the newest rows of any of its endpoints. */
  async function keptRows({ model, number }: ModelVersion): Promise<readonly PredictionRow[]> {
    const releases = await store.releases.find({ where: { model, version: number }, limit: 10 });
    for (const endpoint of new Set(releases.map((release) => release.endpoint))) {
      const rows = await deps.analytics.recent(endpoint, RECENT);
      const mine = rows.filter((row) => row.version === number && row.score !== null).slice(0, ROWS);
      if (mine.length > 0) return mine;
    }
    return [];
  }

  /** The sample that the export step compared on: rows for a version that has not served. */
  async function sampleOf({
    lineage,
  }: ModelVersion): Promise<{ readonly name: string; readonly digest: string } | undefined> {
    const run = lineage === undefined ? undefined : await store.pipelineRuns.get(lineage.pipelineRunId);
    const name = run?.steps.find((step) => step.kind === 'onnx')?.inputs[1]?.name;
    if (run === undefined || name === undefined) return undefined;
    const steps = await store.stepRuns.find({ where: { pipelineRunId: run.id }, limit: 1000 });
    const own = steps.filter((step) => !step.step.endsWith('@champion')).flatMap((step) => step.outputs);
    const digest = own.find((output) => output.name === name)?.digest;
    return digest === undefined ? undefined : { name: name.endsWith('.csv') ? 'sample.csv' : 'sample.parquet', digest };
  }

  async function lay(fresh: FreshEnvironment, digest: string, name: string): Promise<string | null> {
    if ((await artifacts.stat(digest)) === undefined) return null;
    await artifacts.materialize(digest, `${fresh.folder}/${name}`);
    return name;
  }

  async function predict(
    fresh: FreshEnvironment,
    { version, environment }: Subject,
    signal: AbortSignal,
  ): Promise<{ readonly answer: Answer; readonly maxAbsDiff?: number }> {
    const kept = await keptRows(version);
    const sample = kept.length > 0 ? undefined : await sampleOf(version);
    const { lineage } = version;
    const isOnnx = lineage?.artifactName.endsWith('.onnx') === true;
    const spec = {
      // Without hashes are what the virtual environment itself brings (pip, setuptools): no part of the lock.
      packages: environment.packages
        .filter((one) => one.hashes.length > 0)
        .map(({ name, version: is }) => ({ name, version: is })),
      model: isOnnx ? await lay(fresh, lineage.artifactDigest, 'model.onnx') : null,
      rows: kept.length > 0 ? kept.map((row) => row.inputs) : null,
      sample: sample === undefined ? null : await lay(fresh, sample.digest, sample.name),
    };
    await fresh.write('spec.json', JSON.stringify(spec));
    const ran = await fresh.run(deps.program, ['spec.json'], { timeoutMs: PREDICT_MS, signal });
    if (ran.exitCode !== 0) {
      const said = ran.lines.findLast((line) => line.startsWith('prove: '))?.slice('prove: '.length);
      throw new MillwrightError('MW-MODEL-OUTPUT', said ?? `the prediction ended with code ${ran.exitCode ?? 'none'}`, {
        next: `mw models ${version.id}`,
      });
    }
    const answer = readAnswer(ran.stdout);
    if (answer.how !== 'onnxruntime' || kept.length === 0) return { answer };
    const maxAbsDiff = largestDifference(
      kept.map((row) => row.score),
      answer.scores,
    );
    // Relative to the largest answer: a price of thousands may differ more than a probability.
    if (maxAbsDiff > DIFFERS * Math.max(1, ...kept.map((row) => Math.abs(row.score ?? 0)))) {
      throw new MillwrightError(
        'MW-MODEL-OUTPUT',
        `the rebuilt environment answers otherwise than the version did: they differ by up to ${maxAbsDiff.toPrecision(3)} over ${kept.length} rows`,
        { next: `mw lineage ${version.id} --up` },
      );
    }
    return { answer, maxAbsDiff };
  }

  const say = ({ how, rows, imported, packages }: Answer, compared: boolean): string =>
    how === 'onnxruntime'
      ? `onnxruntime answered ${rows} ${compared ? 'rows that the version had answered before' : 'sample rows; no answer was kept to compare with'}`
      : `${imported} modules of ${packages} packages were imported; there is no model, row or onnxruntime to predict with`;

  async function end(ctx: Context, proof: EnvironmentProof, change: Partial<EnvironmentProof>): Promise<void> {
    await store.transaction(async (tx) => {
      const now = await tx.proofs.get(proof.id);
      if (now?.status !== 'running') return;
      const after = await tx.proofs.update(proof.id, (doc) => ({ ...doc, ...change, endedAt: clock.now() }));
      await tx.events.append({
        id: ids.next('evt'),
        type: 'environment.proof_ended',
        at: clock.now(),
        project: (await tx.versions.get(`${proof.model}/${proof.version}`))?.lineage?.project ?? '',
        actor: ctx.principal.name,
        ...(ctx.cause === undefined ? {} : { cause: ctx.cause }),
        data: {
          model: proof.model,
          version: proof.version,
          proofId: proof.id,
          proven: after.status === 'proven',
          reason: after.reason ?? after.how ?? '',
        },
      });
    });
  }

  async function work(ctx: Context, proof: EnvironmentProof, subject: Subject, stop: AbortSignal): Promise<void> {
    const lines: string[] = [];
    const progress = (line: string): void => {
      lines.push(line.slice(0, 500));
      if (lines.length > KEPT_LINES) lines.shift();
    };
    const signal = AbortSignal.any([stop, AbortSignal.timeout(WHOLE_MS)]);
    const started = clock.monotonic();
    let fresh: FreshEnvironment | undefined;
    let change: Partial<EnvironmentProof>;
    try {
      fresh = await deps.builder.rebuild(subject.environment, progress, signal);
      const buildMs = Math.round(clock.monotonic() - started);
      const { answer, maxAbsDiff } = await predict(fresh, subject, signal);
      change = {
        status: 'proven',
        buildMs,
        packages: answer.packages,
        how: say(answer, maxAbsDiff !== undefined),
        ...(maxAbsDiff === undefined ? {} : { maxAbsDiff }),
      };
    } catch (error) {
      const told = error instanceof MillwrightError ? error : undefined;
      if (told === undefined) deps.log.error({ err: error, proof: proof.id }, 'a proof failed inside the server');
      const reason = stop.aborted
        ? 'interrupted: the server stopped'
        : signal.aborted
          ? 'it did not end within 20 minutes'
          : `${told?.message ?? 'something failed inside the server; its log has the details'}${told?.next === undefined ? '' : ` (next: ${told.next})`}`;
      change = { status: 'failed', reason };
    }
    await fresh?.remove().catch((error: unknown) => deps.log.warn({ err: error }, 'a proof left its folder'));
    await end(ctx, proof, { ...change, log: lines.join('\n') });
  }

  return {
    async prove(ctx, model, number) {
      const subject = await subjectOf(store, model, number);
      const [current] = await store.proofs.find({ where: { model, version: number }, limit: 1 });
      if (current?.status === 'running' && running.has(current.id)) return current;
      if (running.size >= MOST_AT_ONCE) {
        throw new MillwrightError('MW-OVERLOADED', `${running.size} environments are being proven`, {
          next: 'try again when one is done',
        });
      }
      const proof: EnvironmentProof = {
        id: `${model}/${number}/${await store.counter(`proof:${model}/${number}`)}`,
        createdAt: clock.now(),
        model,
        version: number,
        status: 'running',
        environmentId: subject.environment.id,
      };
      await store.proofs.insert(proof);
      const abort = new AbortController();
      // The request is over long before the proof is; its signal must not end it.
      const done = work({ ...ctx, signal: abort.signal }, proof, subject, abort.signal)
        .catch((error: unknown) => deps.log.error({ err: error, proof: proof.id }, 'a proof could not be recorded'))
        .finally(() => running.delete(proof.id));
      running.set(proof.id, { abort, done });
      return proof;
    },
    proofsOf: (model, version) => store.proofs.find({ where: { model, version }, limit: 20 }),
    async recover() {
      await deps.builder.sweep();
      const left = (await store.proofs.find({ limit: 100 })).filter((proof) => proof.status === 'running');
      for (const proof of left) {
        if (running.has(proof.id)) continue;
        await store.proofs.update(proof.id, (doc) => ({
          ...doc,
          status: 'failed',
          endedAt: clock.now(),
          reason: `interrupted: the server ended while it ran (next: mw models prove ${proof.model}/${proof.version})`,
        }));
      }
    },
    async stop() {
      for (const one of running.values()) one.abort.abort();
      await Promise.all([...running.values()].map((one) => one.done));
    },
  };
}
