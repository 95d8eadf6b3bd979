/** The bounded buffer between the hot path and the log's writer: it drops before it blocks, and counts what it drops. */
import type { Ids } from '../../ports/clock.ts';
import type { PredictionLogWriter } from '../../ports/prediction-log.ts';
import { toColumns } from './prediction-rows.ts';
import type { PredictionRecord } from './prediction-rows.ts';

export interface LogOptions {
  /** Rows that may wait; what comes on top is dropped and counted. */
  readonly bufferRows: number;
  readonly flushRows: number;
  readonly flushMs: number;
}

const LOG_OPTIONS: LogOptions = { bufferRows: 100_000, flushRows: 5_000, flushMs: 1_000 };

export interface PredictionLog {
  add(record: PredictionRecord): void;
  /** Resolves when everything added before the call is durable. Throws when it could not be written (it stays buffered). */
  flush(): Promise<void>;
  readonly counts: { readonly written: number; readonly dropped: number; readonly pending: number };
  close(): Promise<void>;
}

export function createPredictionLog(
  writer: PredictionLogWriter,
  ids: Ids,
  options: LogOptions = LOG_OPTIONS,
): PredictionLog {
  let buffer: PredictionRecord[] = [];
  let bufferedRows = 0;
  let writingRows = 0;
  let written = 0;
  let dropped = 0;
  let chain: Promise<void> = Promise.resolve();

  async function writeOut(): Promise<void> {
    const taken = buffer;
    buffer = [];
    writingRows = bufferedRows;
    bufferedRows = 0;
    const byEndpoint = new Map<string, PredictionRecord[]>();
    for (const record of taken) {
      const records = byEndpoint.get(record.endpoint);
      if (records === undefined) byEndpoint.set(record.endpoint, [record]);
      else records.push(record);
    }
    try {
      for (const [endpoint, records] of byEndpoint) {
        const part = ids.next('part').replace('_', '-');
        await writer.write(endpoint, part, toColumns(records));
        const rows = records.reduce((sum, record) => sum + record.rows, 0);
        written += rows;
        writingRows -= rows;
        byEndpoint.delete(endpoint);
      }
    } catch (error) {
      // Back to the front, in order, for the next try; what no longer fits the bound is counted as dropped.
      const rest = [...byEndpoint.values()].flat();
      buffer = [...rest, ...buffer];
      bufferedRows += writingRows;
      while (bufferedRows > options.bufferRows) {
        const last = buffer.pop();
        if (last === undefined) break;
        bufferedRows -= last.rows;
        dropped += last.rows;
      }
      throw error;
    } finally {
      writingRows = 0;
    }
  }

  function flush(): Promise<void> {
    // One writer at a time: two parts written at once could end in the wrong order.
    const next = chain.then(() => (buffer.length === 0 ? undefined : writeOut()));
    chain = next.catch(() => undefined);
    return next;
  }

  const timer = setInterval(() => void flush().catch(() => undefined), options.flushMs);
  timer.unref();
  let asked = false;

  return {
    add(record) {
      if (bufferedRows + writingRows + record.rows > options.bufferRows) {
        dropped += record.rows;
        return;
      }
      buffer.push(record);
      bufferedRows += record.rows;
      if (bufferedRows < options.flushRows || asked) return;
      asked = true;
      void flush()
        .catch(() => undefined)
        .finally(() => {
          asked = false;
        });
    },
    flush,
    get counts() {
      return { written, dropped, pending: bufferedRows + writingRows };
    },
    async close() {
      clearInterval(timer);
      try {
        await flush();
      } finally {
        await writer.close();
      }
    },
  };
}
