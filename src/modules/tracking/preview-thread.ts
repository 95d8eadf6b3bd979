/**
 * Parquet previews in a thread of their own, one at a time, with little memory and a few seconds: a run of equal values is a few bytes
 * of the file and a billion of the reader's, which would be the end of the whole server.
 */
import { Worker } from 'node:worker_threads';
import { createMutex } from '../../platform/mutex.ts';
import type { TablePreview } from './preview-tables.ts';

type None = { readonly kind: 'none'; readonly reason: string };

export type ThreadRequest = { readonly bytes: number } | { readonly part: Uint8Array };
export type ThreadAnswer = { readonly start: number; readonly end: number } | { readonly preview: TablePreview | None };

const WORKER = new URL(
  import.meta.url.endsWith('.ts') ? './preview-worker.ts' : './preview-worker.js',
  import.meta.url,
);
const HEAP_MIB = 384;
const TIMEOUT_MS = 5_000;

const alone = createMutex();

/** `bytes`: size of the file. Whatever breaks or takes too long is a file without a preview. */
export function parquetPreviewApart(
  bytes: number,
  read: (start: number, end: number) => Promise<Uint8Array>,
): Promise<TablePreview | None> {
  return alone.run(async () => {
    const worker = new Worker(WORKER, {
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MIB, maxYoungGenerationSizeMb: 32 },
      env: {},
      execArgv: [],
    });
    const send = (request: ThreadRequest): void => worker.postMessage(request);
    let timer: NodeJS.Timeout | undefined;
    try {
      return await new Promise<TablePreview | None>((accept, reject) => {
        const none = (reason: string): void =>
          accept({ kind: 'none', reason: `this Parquet file cannot be shown: ${reason}` });
        timer = setTimeout(() => none('reading its first rows takes too long'), TIMEOUT_MS);
        worker.on('error', () => none('reading its first rows takes too much memory'));
        worker.on('exit', () => none('its reader ended'));
        // In the order of the questions, which is what the thread counts on.
        let turn: Promise<void> = Promise.resolve();
        worker.on('message', (answer: ThreadAnswer) => {
          if ('preview' in answer) return accept(answer.preview);
          turn = turn.then(async () => send({ part: await read(answer.start, answer.end) })).catch(reject);
        });
        send({ bytes });
      });
    } finally {
      clearTimeout(timer);
      await worker.terminate();
    }
  });
}
