/**
 * The access log: one JSON line a call, without bodies, query strings or tokens. A call only puts what was seen into a bounded
 * buffer; lines are made and written in batches, and what does not fit is counted, not waited for.
 */
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { appendFile, rename, stat } from 'node:fs/promises';
import { createBoundedQueue } from '../platform/bounded-queue.ts';

export interface AccessEntry {
  /** ms since 1970. */
  readonly time: number;
  readonly protocol: 'http' | 'grpc';
  readonly method: string;
  readonly route: string;
  readonly status: number;
  readonly ms: number;
  /** Of the answer's body; absent for gRPC. */
  readonly bytes?: number;
  readonly address: string;
  /** The Authorization header; only a hash of it is written. */
  readonly authorization: string | undefined;
  readonly endpoint: string | undefined;
  readonly version: string | undefined;
  readonly predictionId: string | undefined;
}

export interface AccessLog {
  add(entry: AccessEntry): void;
  readonly counts: { readonly written: number; readonly dropped: number };
  close(): Promise<void>;
}

export interface AccessLogOptions {
  /** A file, or `-` for standard output. */
  readonly to: string;
  /** Percent of the calls; calls that the service failed (5xx) are always written. Default 100. */
  readonly sample?: number;
  /** A file above this becomes `<file>.1`, and so on up to `keep`. Default 64 MiB and 4. */
  readonly rotateBytes?: number;
  readonly keep?: number;
  readonly bufferLines?: number;
  readonly flushMs?: number;
  readonly onError: (message: string) => void;
}

const FLUSH_LINES = 2000;

function lineOf(entry: AccessEntry): string {
  const client =
    entry.authorization === undefined
      ? { address: entry.address }
      : { token: createHash('sha256').update(entry.authorization).digest('base64url').slice(0, 22) };
  const { endpoint, version, predictionId, bytes } = entry;
  return JSON.stringify({
    time: new Date(entry.time).toISOString(),
    protocol: entry.protocol,
    method: entry.method,
    route: entry.route,
    status: entry.status,
    ms: Math.round(entry.ms * 1000) / 1000,
    ...(bytes === undefined ? {} : { bytes }),
    ...client,
    ...(endpoint === undefined ? {} : { endpoint: endpoint.slice(0, 128) }),
    ...(version === undefined ? {} : { version: version.slice(0, 32) }),
    ...(predictionId === undefined ? {} : { id: predictionId }),
  });
}

async function rotate(file: string, keep: number): Promise<void> {
  for (let index = keep - 1; index >= 1; index -= 1)
    await rename(`${file}.${index}`, `${file}.${index + 1}`).catch(() => undefined);
  await rename(file, `${file}.1`);
}

export function createAccessLog(options: AccessLogOptions): AccessLog {
  const { to, sample = 100, rotateBytes = 64 * 2 ** 20, keep = 4, onError } = options;
  const queue = createBoundedQueue<AccessEntry>({ maxItems: options.bufferLines ?? 20_000 });
  let written = 0;
  let lost = 0;
  let size: number | undefined;
  let chain: Promise<void> = Promise.resolve();
  let broken = false;
  const output = to === '-' ? createWriteStream('', { fd: 1, autoClose: false }) : undefined;
  output?.on('error', () => undefined);

  async function write(text: string): Promise<void> {
    if (output !== undefined) {
      await new Promise<void>((resolve, reject) => {
        output.write(text, (error) => (error === null || error === undefined ? resolve() : reject(error)));
      });
      return;
    }
    size ??= await stat(to).then(
      (found) => found.size,
      () => 0,
    );
    if (size > 0 && size + text.length > rotateBytes) {
      await rotate(to, keep);
      size = 0;
    }
    await appendFile(to, text, { mode: 0o600 });
    size += Buffer.byteLength(text);
  }

  async function flushNow(): Promise<void> {
    for (let entries = queue.take(FLUSH_LINES); entries.length > 0; entries = queue.take(FLUSH_LINES)) {
      try {
        await write(`${entries.map(lineOf).join('\n')}\n`);
        written += entries.length;
        broken = false;
      } catch (error) {
        lost += entries.length;
        size = undefined;
        if (!broken) onError(`the access log cannot be written: ${String(error)}`);
        broken = true;
      }
    }
  }

  function flush(): Promise<void> {
    chain = chain.then(flushNow);
    return chain;
  }

  const timer = setInterval(() => void (queue.size > 0 && flush()), options.flushMs ?? 500);
  timer.unref();

  return {
    add(entry) {
      const failed = entry.protocol === 'http' ? entry.status >= 500 : entry.status !== 0;
      if (sample < 100 && !failed && Math.random() * 100 >= sample) return;
      queue.push(entry);
      if (queue.size === FLUSH_LINES) void flush();
    },
    get counts() {
      return { written, dropped: lost + queue.dropped };
    },
    async close() {
      clearInterval(timer);
      await flush();
    },
  };
}
