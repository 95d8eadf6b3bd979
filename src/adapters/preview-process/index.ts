/**
 * Parquet previews in a process of their own, one at a time, with little memory and a few seconds: a run of equal values is a few bytes
 * of the file and a billion of the reader's. In a thread with its own limits such a file still ended the whole server.
 */
import { fork } from 'node:child_process';
import { createMutex } from '../../platform/mutex.ts';
import type {
  NoPreview,
  ParquetPreview,
  PreviewAnswer,
  PreviewRequest,
  TablePreview,
} from '../../ports/parquet-preview.ts';

const HEAP_MIB = 384;
const TIMEOUT_MS = 8_000;

const alone = createMutex();

/** `worker`: the program that reads, which ends with the file. */
export function createPreviewProcess(worker: URL): ParquetPreview {
  return (bytes, read) =>
    alone.run(async () => {
      // Nothing of the server's environment: it holds secrets.
      const child = fork(worker, [], {
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
        return await new Promise<TablePreview | NoPreview>((accept, reject) => {
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
