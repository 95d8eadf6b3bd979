/** A worker: a thread or a process with one session of one model. The engine blocks the thread it is called on, so big batches come here. */
import { stat } from 'node:fs/promises';
import { parentPort } from 'node:worker_threads';
import type { ModelSignature } from '../../domain/registry.ts';
import { openEngine } from './engine.ts';
import type { FromWorker, RunJob, SentJob, SentResult, ToWorker } from './messages.ts';
import { handOver, pack, unpack } from './pack.ts';
import { probe } from './probe.ts';
import { createSessionRunner } from './session-runner.ts';
import type { SessionRunner } from './session-runner.ts';

const engine = process.argv[2] === 'wasm' ? 'wasm' : 'native';
let loaded: { readonly signature: ModelSignature; readonly runner: SessionRunner } | undefined;

function say(message: FromWorker, blocks: ArrayBuffer[] = []): void {
  if (parentPort === null) process.send?.(message);
  else parentPort.postMessage(message, blocks);
}

async function load(path: string): Promise<void> {
  try {
    const opened = await openEngine(engine);
    const begin = performance.now();
    const session = await opened.load(path);
    const loadMs = performance.now() - begin;
    const runner = createSessionRunner(session);
    loaded = { signature: session.signature, runner };
    const probes = await probe(session.signature, runner);
    say({ kind: 'loaded', report: { signature: session.signature, loadMs, bytes: (await stat(path)).size, probes } });
  } catch (error) {
    say({ kind: 'load-failed', reason: error instanceof Error ? error.message : String(error) });
  }
}

async function run(arrived: readonly SentJob[]): Promise<void> {
  if (loaded === undefined) {
    say({ kind: 'done', results: arrived.map(() => ({ error: 'the model is not loaded on this worker' })) });
    return;
  }
  const { signature, runner } = loaded;
  const jobs: readonly RunJob[] = arrived.map((job) =>
    'packed' in job ? { inputs: unpack(job.packed, signature.inputs) } : job,
  );
  const results = await runner.run(jobs);
  const answers = results.map((result, index): SentResult => {
    if (jobs[index]?.outputs !== undefined || !('outputs' in result)) return result;
    const packed = pack(result.outputs, signature.outputs);
    return packed === undefined ? result : { packed };
  });
  say({ kind: 'done', results: answers }, handOver(answers));
}

// One after the other, in the order they came: a load ends before a run that needs it begins.
let chain = Promise.resolve();
function take(message: ToWorker): void {
  chain = chain.then(() => (message.kind === 'load' ? load(message.path) : run(message.jobs)));
}

if (parentPort === null) {
  process.on('message', take);
  // The gateway is gone: nobody is left to work for.
  process.on('disconnect', () => process.exit(0));
} else parentPort.on('message', take);
