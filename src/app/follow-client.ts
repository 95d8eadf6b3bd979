/** A follower's side of the plane door (api/plane/routes.ts): every call is bounded in time and size, none follows a redirect. */
import { createReadStream } from 'node:fs';
import { open, rename, stat, unlink } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { z } from 'zod';
import { codeOf, MillwrightError } from '../domain/errors.ts';
import { digestOfFile } from '../platform/file-digest.ts';
import type { GatewayReport, PlaneBook } from '../ports/plane-fleet.ts';
import { parseRoute, parseTokenHashes } from './plane-files.ts';

const WAIT_S = 25;
const ASK_MS = 15_000;
/** Of a file: no byte for this long. */
const IDLE_MS = 30_000;
const FILE_LIMIT = 16 * 2 ** 30;

const book = z.object({
  revision: z.string().max(100),
  current: z.array(z.unknown()),
  next: z.array(z.object({ id: z.string().max(100), route: z.unknown() })),
  tokens: z.unknown(),
});
const failure = z.object({
  error: z.object({ code: z.string(), message: z.string(), where: z.string().optional(), next: z.string().optional() }),
});

export interface FollowClient {
  /** Waits up to 25 s for one that is another than `after`. */
  book(after: string, signal: AbortSignal): Promise<PlaneBook>;
  report(report: GatewayReport): Promise<void>;
  /** A file of the book, to `path`, going on where an earlier try broke off. `digest`: what its bytes must be. */
  fetchFile(name: string, path: string, digest: string | undefined): Promise<void>;
  sendPart(endpoint: string, part: string, path: string): Promise<void>;
  leave(): Promise<void>;
}

export interface FollowOptions {
  readonly url: string;
  readonly gateway: string;
  readonly token: string | undefined;
}

/** Throws MW-UNAVAILABLE when the control plane is not there, else its own coded error. */
export function createFollowClient({ url, gateway, token }: FollowOptions): FollowClient {
  const base = `${url.replace(/\/+$/, '')}/api/v1/plane`;
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };

  async function ask(
    path: string,
    init: Omit<RequestInit, 'headers'> & { readonly headers?: Readonly<Record<string, string>> },
  ): Promise<Response> {
    let response: Response;
    try {
      response = await fetch(`${base}${path}`, {
        ...init,
        headers: { ...headers, ...init.headers },
        redirect: 'error',
      });
    } catch (cause) {
      throw new MillwrightError('MW-UNAVAILABLE', 'the control plane does not answer', {
        where: url,
        next: 'mw status',
        cause,
      });
    }
    if (response.ok) return response;
    const told = failure.safeParse(await response.json().catch(() => undefined));
    if (!told.success)
      throw new MillwrightError('MW-UNAVAILABLE', `the control plane answered ${response.status}`, { where: url });
    const { code, message, where, next } = told.data.error;
    throw new MillwrightError(codeOf(code), message, {
      ...(where === undefined ? {} : { where }),
      ...(next === undefined ? {} : { next }),
    });
  }

  async function download(name: string, temporary: string): Promise<void> {
    const start = await stat(temporary).then(
      ({ size }) => size,
      () => 0,
    );
    const idle = new AbortController();
    const response = await ask(`/models/${encodeURIComponent(name)}`, {
      headers: start === 0 ? {} : { range: `bytes=${start}-` },
      signal: idle.signal,
    });
    const file = await open(temporary, start > 0 && response.status === 206 ? 'a' : 'w', 0o600);
    let timer = setTimeout(() => idle.abort(), IDLE_MS);
    try {
      let size = response.status === 206 ? start : 0;
      for await (const chunk of response.body ?? []) {
        clearTimeout(timer);
        timer = setTimeout(() => idle.abort(), IDLE_MS);
        size += chunk.byteLength;
        if (size > FILE_LIMIT)
          throw new MillwrightError('MW-MODEL-LOAD', 'the model file is too large', { where: name });
        await file.writeFile(chunk);
      }
      await file.sync();
    } finally {
      clearTimeout(timer);
      await file.close();
    }
  }

  return {
    async book(after, signal) {
      const query = new URLSearchParams({ gateway, after, wait: `${WAIT_S}s` });
      const response = await ask(`/routes?${query.toString()}`, {
        signal: AbortSignal.any([signal, AbortSignal.timeout((WAIT_S + 10) * 1000)]),
      });
      const { revision, current, next, tokens } = book.parse(await response.json());
      return {
        revision,
        current: current.map(parseRoute),
        next: next.map(({ id, route }) => ({ id, route: parseRoute(route) })),
        tokens: parseTokenHashes(tokens),
      };
    },
    async report(report) {
      await ask(`/gateways/${gateway}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(report),
        signal: AbortSignal.timeout(ASK_MS),
      });
    },
    async fetchFile(name, path, digest) {
      const temporary = `${path}.part`;
      try {
        await download(name, temporary);
      } catch (error) {
        if (error instanceof MillwrightError) throw error;
        throw new MillwrightError('MW-UNAVAILABLE', 'the download of a model broke off', { where: name, cause: error });
      }
      if (digest !== undefined && (await digestOfFile(temporary)).digest !== digest) {
        await unlink(temporary);
        throw new MillwrightError('MW-UNAVAILABLE', 'the downloaded file is not the one that the release names', {
          where: name,
          next: 'it is fetched again by itself',
        });
      }
      await rename(temporary, path);
    },
    async leave() {
      await ask(`/gateways/${gateway}`, { method: 'DELETE', signal: AbortSignal.timeout(2_000) });
    },
    async sendPart(endpoint, part, path) {
      const { size } = await stat(path);
      await ask(`/gateways/${gateway}/predictions/${encodeURIComponent(endpoint)}/${encodeURIComponent(part)}`, {
        method: 'PUT',
        headers: { 'content-type': 'application/vnd.apache.parquet', 'content-length': String(size) },
        body: Readable.toWeb(createReadStream(path)) as ReadableStream<Uint8Array>,
        duplex: 'half',
        signal: AbortSignal.timeout(120_000),
      });
    },
  };
}
