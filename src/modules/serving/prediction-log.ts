/**
 * The bounded buffer between the hot path and the log's writer: it drops before it blocks, and counts what it drops and why.
 * Calls are collected in blocks; a block stays here until its file is durable, so that neither a full disk nor the death of the
 * writer's thread loses rows that still fit.
 */
import type { Ids } from '../../ports/clock.ts';
import type { PredictionLogWriter } from '../../ports/prediction-log.ts';
import { createPredictionBlock } from './prediction-block.ts';
import type { PredictionBlock } from './prediction-block.ts';
import { createMixedBlock } from './prediction-rows.ts';
import type { PredictionRecord } from './prediction-record.ts';

export interface LogOptions {
  /** Rows that may wait; what comes on top is dropped and counted. */
  readonly bufferRows: number;
  /** Bytes that may wait, about; default 256 MiB. */
  readonly bufferBytes?: number;
  /** Rows that are written without waiting for the clock. Fewer and larger files under load: each costs two syncs. */
  readonly flushRows: number;
  readonly flushMs: number;
}

const LOG_OPTIONS: LogOptions = { bufferRows: 100_000, flushRows: 25_000, flushMs: 1_000 };
const BUFFER_BYTES = 256 * 2 ** 20;
/** Blocks of an endpoint that are open at once (versions, shadows). A call that fits none goes into the one for the rest. */
const MAX_LAYOUTS = 4;

export interface LogCounts {
  readonly written: number;
  readonly dropped: number;
  readonly pending: number;
  /** Dropped rows by reason: `buffer`, calls came faster than the writer could write; `disk`, the last write had failed. */
  readonly lost: { readonly buffer: number; readonly disk: number };
}

export interface PredictionLog {
  add(record: PredictionRecord): void;
  /** Resolves when everything added before the call is durable. Throws when it could not be written (it stays buffered). */
  flush(): Promise<void>;
  readonly counts: LogCounts;
  close(): Promise<void>;
}

export function createPredictionLog(
  writer: PredictionLogWriter,
  ids: Ids,
  options: LogOptions = LOG_OPTIONS,
): PredictionLog {
  const bufferBytes = options.bufferBytes ?? BUFFER_BYTES;
  const open = new Map<string, PredictionBlock[]>();
  /** Closed blocks that are being written or could not be, oldest first. */
  let closed: PredictionBlock[] = [];
  let openRows = 0;
  let closedRows = 0;
  let openBytes = 0;
  let closedBytes = 0;
  let written = 0;
  let failing = false;
  const lost = { buffer: 0, disk: 0 };
  let chain: Promise<void> = Promise.resolve();
  let lastBlock: PredictionBlock | undefined;

  function closeBlocks(): void {
    for (const blocks of open.values()) closed.push(...blocks);
    open.clear();
    lastBlock = undefined;
    closedRows += openRows;
    closedBytes += openBytes;
    [openRows, openBytes] = [0, 0];
  }

  async function writeClosed(): Promise<void> {
    for (let block = closed[0]; block !== undefined; block = closed[0]) {
      try {
        await writer.write(block.endpoint, ids.next('part').replace('_', '-'), block.columns());
      } catch (error) {
        failing = true;
        throw error;
      }
      failing = false;
      written += block.rows;
      closedRows -= block.rows;
      closed = closed.slice(1);
      closedBytes = closed.reduce((sum, { bytes }) => sum + bytes, 0);
    }
  }

  async function writeOut(): Promise<void> {
    // What could not be written goes first. While that fails the open blocks grow on: one large file later, not one a try.
    await writeClosed();
    closeBlocks();
    await writeClosed();
  }

  function flush(): Promise<void> {
    // One writer at a time: two parts written at once could end in the wrong order.
    const next = chain.then(() => (closed.length + open.size === 0 ? undefined : writeOut()));
    chain = next.catch(() => undefined);
    return next;
  }

  const timer = setInterval(() => void flush().catch(() => undefined), options.flushMs);
  timer.unref();
  let asked = false;

  function blockFor(record: PredictionRecord): PredictionBlock {
    let blocks = open.get(record.endpoint);
    if (blocks === undefined) open.set(record.endpoint, (blocks = []));
    const known = blocks.find((block) => block.fits(record));
    if (known !== undefined) return known;
    const made = blocks.length < MAX_LAYOUTS ? createPredictionBlock(record) : createMixedBlock(record.endpoint);
    blocks.push(made);
    return made;
  }

  return {
    add(record) {
      if (record.rows === 0) return;
      if (openRows + closedRows + record.rows > options.bufferRows || openBytes + closedBytes > bufferBytes) {
        lost[failing ? 'disk' : 'buffer'] += record.rows;
        return;
      }
      const block = lastBlock?.fits(record) === true ? lastBlock : blockFor(record);
      lastBlock = block;
      const before = block.bytes;
      block.add(record);
      openRows += record.rows;
      openBytes += block.bytes - before;
      // While it fails the clock tries again, not every call.
      if (openRows < options.flushRows || asked || failing) return;
      asked = true;
      void flush()
        .catch(() => undefined)
        .finally(() => {
          asked = false;
        });
    },
    flush,
    get counts() {
      return { written, dropped: lost.buffer + lost.disk, pending: openRows + closedRows, lost: { ...lost } };
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
