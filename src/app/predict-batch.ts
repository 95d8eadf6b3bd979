/** `mw predict --batch`: files in, the same rows with the model's answers out, by the code that answers calls. */
import { createHash } from 'node:crypto';
import { globSync } from 'node:fs';
import { mkdir, mkdtemp, open, readdir, readFile, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { tmpdir, userInfo } from 'node:os';
import { MillwrightError } from '../domain/errors.ts';
import type { Tensor } from '../domain/tensors.ts';
import { createServing, planBatch, runBatch } from '../modules/serving/index.ts';
import { systemClock } from '../platform/clock.ts';
import { writeFileDurable } from '../platform/durable-file.ts';
import { createIds } from '../platform/ids.ts';
import type { PlaneModel } from '../ports/data-plane.ts';
import type { RowFiles } from '../ports/row-files.ts';
import { createRuntimes } from './gateway-runtimes.ts';
import { prepareSocketFolder, verifyDigest } from './plane-files.ts';
import { plugin } from './plugins.ts';

/** Rows of one call to the model: enough that a call costs nothing beside its rows. */
const CALL_ROWS = 4096;
const PART_CALLS = 32;
const TIMEOUT_MS = 600_000;
const FINGERPRINT_BYTES = 1024 * 1024;

export interface BatchRequest {
  readonly model: PlaneModel;
  /** Paths, glob patterns or s3:// addresses. */
  readonly inputs: readonly string[];
  /** A path or an s3:// address that ends with .parquet, .csv or .jsonl. */
  readonly out: string;
  readonly workers?: number;
  /** Throw away what a run before has done. */
  readonly restart: boolean;
  /** Rows whose answers are given to `compare`. */
  readonly samples: number;
  readonly signal: AbortSignal;
  readonly progress: (done: number, rows: number) => void;
}

/** One row as the model got it and what it said. */
export interface BatchSample {
  readonly row: number;
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
}

export interface BatchReport {
  readonly out: string;
  readonly rows: number;
  /** Rows that a run before had done. */
  readonly resumed: number;
  readonly ms: number;
  readonly samples: readonly BatchSample[];
}

const isS3 = (address: string): boolean => address.startsWith('s3://');

/** What a file is, without reading all of it: size, time, first and last MiB. */
async function fingerprint(path: string): Promise<string> {
  const { size, mtimeMs } = await stat(path);
  const hash = createHash('sha256').update(`${size} ${mtimeMs}`);
  const file = await open(path, 'r');
  try {
    for (const at of [0, Math.max(0, size - FINGERPRINT_BYTES)]) {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(Math.min(size, FINGERPRINT_BYTES)), 0, undefined, at);
      hash.update(buffer.subarray(0, bytesRead));
    }
  } finally {
    await file.close();
  }
  return hash.digest('hex');
}

function localFiles(pattern: string): readonly string[] {
  const found = /[*?[]/.test(pattern) ? globSync(pattern).toSorted() : [pattern];
  if (found.length === 0)
    throw new MillwrightError('MW-USAGE', `no file is named like ${pattern}`, { where: '--batch' });
  return found.map((path) => resolve(path));
}

interface Inputs {
  readonly files: readonly string[];
  /** Changes when any of them changes. */
  readonly tags: readonly string[];
}

async function fetchInputs(addresses: readonly string[], folder: string): Promise<Inputs> {
  const files: string[] = [];
  const tags: string[] = [];
  for (const address of addresses) {
    if (!isS3(address)) {
      for (const path of localFiles(address)) {
        const tag = await fingerprint(path).catch((cause: unknown) => {
          throw new MillwrightError('MW-USAGE', `the file with the rows cannot be read: ${path}`, {
            where: path,
            cause,
          });
        });
        files.push(path);
        tags.push(tag);
      }
      continue;
    }
    const { objectTag, downloadObject } = await plugin('artifacts', 's3');
    tags.push(`${address} ${await objectTag(address)}`);
    const path = join(folder, `${files.length}-${basename(new URL(address).pathname)}`);
    await downloadObject(address, path);
    files.push(path);
  }
  return { files, tags };
}

/** Parts that are there from a run with the same rows, model and sizes. Anything else in the folder is thrown away. */
async function partsDone(folder: string, key: string, restart: boolean): Promise<number> {
  const known = await readFile(join(folder, 'key'), 'utf8').catch(() => '');
  if (restart || known !== key) {
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await writeFileDurable(join(folder, 'key'), key);
    return 0;
  }
  const names = new Set(await readdir(folder));
  let done = 0;
  while (names.has(partName(done))) done += 1;
  return done;
}

const partName = (index: number): string => `part-${String(index).padStart(7, '0')}.parquet`;

async function openModel(model: PlaneModel, workers: number | undefined) {
  const runtime = createRuntimes({ workers });
  const serving = createServing({
    runtime,
    log: { add: () => undefined },
    clock: systemClock,
    ids: createIds(systemClock),
    persist: () => Promise.resolve(),
    verify: verifyDigest,
    onError: () => undefined,
  });
  const weights = [{ releaseId: model.releaseId, percent: 100 }];
  try {
    await serving.apply({ endpoint: 'batch', epoch: 1, weights, models: [model] });
  } catch (error) {
    await runtime.close();
    throw error;
  }
  return { serving, close: () => runtime.close() };
}

/** Rows spread over the file: the first of every so many calls. */
function sampler(rows: number, wanted: number) {
  const samples: BatchSample[] = [];
  const every = Math.max(1, Math.floor(rows / CALL_ROWS / Math.max(1, wanted)));
  let call = 0;
  const firstRow = (tensor: Tensor): Tensor => {
    const width = tensor.data.length / (tensor.shape[0] ?? 1);
    return { ...tensor, shape: [1, ...tensor.shape.slice(1)], data: tensor.data.slice(0, width) };
  };
  return {
    samples,
    seen(row: number, inputs: readonly Tensor[], outputs: readonly Tensor[]): void {
      if (samples.length < wanted && call % every === 0)
        samples.push({ row, inputs: inputs.map(firstRow), outputs: outputs.map(firstRow) });
      call += 1;
    },
  };
}

async function score(request: BatchRequest, files: RowFiles, inputs: Inputs, out: string): Promise<BatchReport> {
  const started = performance.now();
  const source = await files.open(inputs.files);
  const model = await openModel(request.model, request.workers);
  const folder = `${out}.progress`;
  try {
    const plan = planBatch(model.serving.signature('batch'), source.columns);
    const key = JSON.stringify([1, request.model.modelDigest, inputs.tags, CALL_ROWS, PART_CALLS, plan.wanted]);
    const before = await partsDone(folder, key, request.restart);
    let done = Math.min(source.rows, before * CALL_ROWS * PART_CALLS);
    const resumed = done;
    request.progress(done, source.rows);
    const sampled = sampler(source.rows - done, request.samples);
    await runBatch({
      source,
      plan,
      callRows: CALL_ROWS,
      partCalls: PART_CALLS,
      partsDone: before,
      infer: async (tensors) =>
        (await model.serving.infer({ endpoint: 'batch', inputs: tensors, timeoutMs: TIMEOUT_MS })).outputs,
      async part(index, columns, rows) {
        await files.writePart(join(folder, partName(index)), columns);
        done += rows;
        request.progress(done, source.rows);
      },
      seen: (row, tensors, outputs) => sampled.seen(row, tensors, outputs),
      signal: request.signal,
    });
    const parts = Array.from({ length: Math.ceil(source.rows / (CALL_ROWS * PART_CALLS)) }, (_, index) =>
      join(folder, partName(index)),
    );
    const rows = parts.length === 0 ? 0 : await files.join(inputs.files, parts, out);
    return { out: request.out, rows, resumed, ms: Math.round(performance.now() - started), samples: sampled.samples };
  } finally {
    await model.close();
  }
}

/**
 * Throws MW-USAGE, MW-DATA-READ and MW-TENSOR naming file, row and column; MW-CANCELLED. What was done is kept beside the output until
 * the output is whole, and a second run goes on from there.
 */
export async function predictBatch(request: BatchRequest): Promise<BatchReport> {
  if (!/\.(parquet|csv|jsonl)$/i.test(isS3(request.out) ? new URL(request.out).pathname : request.out))
    throw new MillwrightError('MW-USAGE', `what form should ${basename(request.out)} have?`, {
      where: '--out',
      next: 'let its name end with .parquet, .csv or .jsonl',
    });
  const scratch = await mkdtemp(join(tmpdir(), 'mw-batch-'));
  // The name is the same for a second run, so others could guess it: in the common temporary folder they could lay a link or parts there.
  const out = isS3(request.out)
    ? join(tmpdir(), `mw-batch-${userInfo().uid}`, nameOf(request.out))
    : resolve(request.out);
  if (isS3(request.out)) await prepareSocketFolder(out);
  await mkdir(dirname(out), { recursive: true });
  const { openRowFiles } = await plugin('analytics', 'duckdb');
  const files = await openRowFiles({ spillFolder: join(scratch, 'spill') });
  try {
    const report = await score(request, files, await fetchInputs(request.inputs, scratch), out);
    if (report.rows === 0) throw new MillwrightError('MW-DATA-READ', 'the files have no rows', { where: '--batch' });
    if (isS3(request.out)) {
      await (await plugin('artifacts', 's3')).uploadObject(request.out, out);
      await rm(out, { force: true });
    }
    await rm(`${out}.progress`, { recursive: true, force: true });
    return report;
  } finally {
    files.close();
    await rm(scratch, { recursive: true, force: true });
  }
}

/** A name of this machine for an address: the same one when it is run again. */
function nameOf(address: string): string {
  const extension = /\.\w+$/.exec(new URL(address).pathname)?.[0] ?? '';
  return `${createHash('sha256').update(address).digest('hex').slice(0, 16)}${extension}`;
}
