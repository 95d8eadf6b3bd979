/** A worker thread: its own sessions, one thread each. `session.run()` blocks the thread it is called on, so it is called here only. */
import { parentPort } from 'node:worker_threads';
import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import type { ModelSignature } from '../../domain/registry.ts';
import type { Tensor } from '../../domain/tensors.ts';
import { isBatchable, mergeInputs, mergeKey, splitOutputs } from './merge.ts';
import type { FromWorker, JobResult, SentJob, SentResult, ToWorker, WorkerJob } from './messages.ts';
import { handOver, pack, unpack } from './pack.ts';
import { datatypeOf, signatureOf, TO_ORT } from './ort-types.ts';

interface Loaded {
  readonly session: InferenceSession;
  readonly signature: ModelSignature;
  readonly batchable: boolean;
}

const models = new Map<number, Loaded>();
const say = (message: FromWorker, blocks: ArrayBuffer[] = []): void => parentPort?.postMessage(message, blocks);
const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

async function load(model: number, path: string): Promise<void> {
  try {
    const session = await InferenceSession.create(path, {
      intraOpNumThreads: 1,
      interOpNumThreads: 1,
      executionMode: 'sequential',
      // Errors come back as exceptions; the engine's own warnings would fill the plane's log.
      logSeverityLevel: 3,
    });
    const signature = signatureOf(session);
    models.set(model, { session, signature, batchable: isBatchable(signature) });
    say({ kind: 'loaded', model, signature });
  } catch (error) {
    say({ kind: 'load-failed', model, reason: reasonOf(error) });
  }
}

async function run(
  loaded: Loaded,
  inputs: readonly Tensor[],
  outputs: readonly string[] | undefined,
): Promise<Tensor[]> {
  const feeds: Record<string, OrtTensor> = {};
  for (const input of inputs) {
    feeds[input.name] = new OrtTensor(TO_ORT[input.datatype], input.data, [...input.shape]);
  }
  const fetched =
    outputs === undefined ? await loaded.session.run(feeds) : await loaded.session.run(feeds, [...outputs]);
  const answer: Tensor[] = [];
  for (const spec of loaded.signature.outputs) {
    const value = fetched[spec.name];
    if (value === undefined) continue;
    const datatype = datatypeOf(value.type);
    if (datatype === undefined) throw new Error(`output "${spec.name}" has the unsupported type ${value.type}`);
    answer.push({ name: spec.name, datatype, shape: [...value.dims], data: value.data });
  }
  return answer;
}

async function runOne(job: WorkerJob): Promise<JobResult> {
  const loaded = models.get(job.model);
  if (loaded === undefined) return { error: 'the model is not loaded on this worker' };
  try {
    return { outputs: await run(loaded, job.inputs, job.outputs) };
  } catch (error) {
    return { error: reasonOf(error) };
  }
}

async function runTogether(jobs: readonly WorkerJob[]): Promise<readonly JobResult[]> {
  const first = jobs[0];
  const loaded = first === undefined ? undefined : models.get(first.model);
  if (first !== undefined && loaded !== undefined && loaded.batchable && jobs.length > 1) {
    try {
      const parts = splitOutputs(jobs, await run(loaded, mergeInputs(jobs), first.outputs));
      if (parts !== undefined) return parts.map((outputs) => ({ outputs }));
    } catch {
      // One bad request must not fail its neighbours: each is run alone below and gets its own error.
    }
  }
  const results: JobResult[] = [];
  for (const job of jobs) results.push(await runOne(job));
  return results;
}

function received(job: SentJob): WorkerJob {
  if (!('packed' in job)) return job;
  const loaded = models.get(job.model);
  return { model: job.model, inputs: loaded === undefined ? [] : unpack(job.packed, loaded.signature.inputs) };
}

function sent(result: JobResult, job: WorkerJob): SentResult {
  const signature = job.outputs === undefined ? models.get(job.model)?.signature : undefined;
  if (signature === undefined || !('outputs' in result)) return result;
  const packed = pack(result.outputs, signature.outputs);
  return packed === undefined ? result : { packed };
}

async function runAll(arrived: readonly SentJob[]): Promise<void> {
  const jobs = arrived.map(received);
  const groups = new Map<string, number[]>();
  jobs.forEach((job, index) => {
    const key = mergeKey(job);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [index]);
    else group.push(index);
  });
  const results: JobResult[] = jobs.map(() => ({ error: 'not run' }));
  for (const indexes of groups.values()) {
    const part = await runTogether(indexes.flatMap((index) => jobs[index] ?? []));
    part.forEach((result, at) => {
      results[indexes[at] ?? 0] = result;
    });
  }
  const answers = results.map((result, index) => sent(result, jobs[index] ?? { model: 0, inputs: [] }));
  say({ kind: 'done', results: answers }, handOver(answers));
}

async function act(before: Promise<void>, message: ToWorker): Promise<void> {
  await before;
  if (message.kind === 'load') await load(message.model, message.path);
  else if (message.kind === 'run') await runAll(message.jobs);
  else {
    const loaded = models.get(message.model);
    models.delete(message.model);
    await loaded?.session.release();
  }
}

// One after the other, in the order they came: a load ends before a run that needs it begins.
let chain = Promise.resolve();
parentPort?.on('message', (message: ToWorker) => {
  chain = act(chain, message);
});
