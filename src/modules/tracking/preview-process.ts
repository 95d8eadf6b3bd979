/**
 * Parquet previews in a process of their own, one at a time, with little memory and a few seconds: a run of equal values is a few bytes
 * of the file and a billion of the reader's. In a thread with its own limits such a file still ended the whole server.
 */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { createMutex } from '../../platform/mutex.ts';
import type { TablePreview } from './preview-tables.ts';

type None = { readonly kind: 'none'; readonly reason: string };

export type PreviewRequest = { readonly bytes: number } | { readonly part: Uint8Array };
export type PreviewAnswer =
  | { readonly start: number; readonly end: number }
  | { readonly preview: TablePreview | None };

const WORKER = fileURLToPath(
  new URL(import.meta.url.endsWith('.ts') ? './preview-worker.ts' : './preview-worker.js', import.meta.url),
);
const HEAP_MIB = 384;
const TIMEOUT_MS = 8_000;

const alone = createMutex();

/** `bytes`: size of the file. Whatever breaks or takes too long is a file without a preview. */
export function parquetPreviewApart(
  bytes: number,
  read: (start: number, end: number) => Promise<Uint8Array>,
): Promise<TablePreview | None> {
  return alone.run(async () => {
    // Nothing of the server's environment: it holds secrets.
    const child = fork(WORKER, [], {
      env: {},
      execArgv: [`--max-old-space-size=${HEAP_MIB}`],
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    const send = (request: PreviewRequest): void => {
      if (child.connected) child.send(request);
    };
    let timer: NodeJS.Timeout | undefined;
    try {
      return await new Promise<TablePreview | None>((accept, reject) => {
        const none = (reason: string): void =>
          accept({ kind: 'none', reason: `this Parquet file cannot be shown: ${reason}` });
        timer = setTimeout(() => none('reading its first rows takes too long'), TIMEOUT_MS);
        child.on('error', () => none('its reader does not start'));
        child.on('exit', () => none('reading its first rows takes too much memory'));
        // In the order of the questions, which is what the process counts on.
        let turn: Promise<void> = Promise.resolve();
        child.on('message', (answer: PreviewAnswer) => {
          if ('preview' in answer) return accept(answer.preview);
          turn = turn.then(async () => send({ part: await read(answer.start, answer.end) })).catch(reject);
        });
        send({ bytes });
      });
    } finally {
      clearTimeout(timer);
      child.kill('SIGKILL');
    }
  });
}
