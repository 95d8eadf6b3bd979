/**
 * A gateway that follows a control plane: it keeps the book of routes, has ready what comes next, says what it has, and sends its
 * prediction log. Whatever of that fails is tried again; what it serves goes on.
 */
import { mkdir, readdir, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { MillwrightError } from '../domain/errors.ts';
import type { Logger } from '../platform/logger.ts';
import type { PlaneModel, PlaneRoute, PlaneStatus } from '../ports/data-plane.ts';
import type { GatewayReport, PlaneBook } from '../ports/plane-fleet.ts';
import type { FollowClient } from './follow-client.ts';
import type { GatewayPlane } from './gateway-plane.ts';

const REPORT_MS = 1_000;
const RETRY_MS = { least: 250, most: 2_000 };
const TRIES = 3;

interface Prepared {
  readonly id: string;
  readonly models: readonly string[];
  /** Called once, when the route is current or off the book. */
  release: (() => void) | undefined;
  refused?: GatewayReport['refused'][number];
}

export interface FollowDeps {
  readonly home: string;
  readonly plane: GatewayPlane;
  readonly client: FollowClient;
  readonly log: Logger;
  readonly status: () => PlaneStatus;
}

export interface Follower {
  /** The first book was taken: what the control plane wants is served, as far as it can be. */
  readonly caughtUp: Promise<void>;
  stop(): Promise<void>;
}

const message = (error: unknown): string => (error instanceof Error ? error.message : String(error));

export function startFollowing({ home, plane, client, log, status }: FollowDeps): Follower {
  const stopping = new AbortController();
  const { signal } = stopping;
  const prepared = new Map<string, Prepared>();
  const failed = new Map<string, GatewayReport['refused'][number]>();
  const models = join(home, 'plane', 'models');
  let reportDue: (() => void) | undefined;
  let caughtUp: () => void = () => undefined;
  const firstBook = new Promise<void>((resolve) => {
    caughtUp = resolve;
  });

  const pause = (ms: number): Promise<void> => sleep(ms, undefined, { signal, ref: false }).catch(() => undefined);
  const reportSoon = (): void => reportDue?.();

  /** The model with its files in this home. */
  async function localModel(model: PlaneModel): Promise<PlaneModel> {
    const kind = model.runtime?.kind ?? 'onnx';
    if (kind === 'python')
      throw new MillwrightError('MW-MODEL-LOAD', 'Python models are served only beside the control plane', {
        where: model.releaseId,
        next: 'export it to ONNX, or serve it there',
      });
    const hex = model.modelDigest.slice('sha256:'.length);
    const path = join(models, `${hex}.onnx`);
    if (kind === 'onnx') await present(`model-${hex}`, path, model.modelDigest);
    if (model.golden === undefined) return { ...model, path };
    const name = model.golden.slice(model.golden.lastIndexOf('/') + 1);
    const golden = join(models, name);
    const digest = /^([0-9a-f]{64})\./.exec(name)?.[1];
    await present(`golden-${name}`, golden, digest === undefined ? undefined : `sha256:${digest}`);
    return { ...model, path, golden };
  }

  async function present(name: string, path: string, digest: string | undefined): Promise<void> {
    const there = await stat(path).then(
      () => true,
      () => false,
    );
    // Its digest is checked before every load.
    if (there) return;
    await mkdir(models, { recursive: true, mode: 0o700 });
    for (let attempt = 1; ; attempt += 1) {
      try {
        await client.fetchFile(name, path, digest);
        return;
      } catch (error) {
        if (attempt === TRIES || signal.aborted) throw error;
        await pause(RETRY_MS.least * 2 ** attempt);
      }
    }
  }

  async function localRoute(route: PlaneRoute): Promise<PlaneRoute> {
    const found: PlaneModel[] = [];
    for (const model of route.models) found.push(await localModel(model));
    return { ...route, models: found };
  }

  function refusal(route: PlaneRoute, error: unknown): GatewayReport['refused'][number] {
    const where = error instanceof MillwrightError ? (error.where ?? '') : '';
    return {
      endpoint: route.endpoint,
      epoch: route.epoch,
      where: where.slice(0, 500),
      message: message(error).slice(0, 4000),
    };
  }

  function forget(endpoint: string): void {
    prepared.get(endpoint)?.release?.();
    prepared.delete(endpoint);
  }

  /** In the background: a rollback must not wait for a model that is loaded for later. */
  function prepare({ id, route }: PlaneBook['next'][number]): void {
    const { endpoint, epoch } = route;
    if (prepared.get(endpoint)?.id === id) return;
    forget(endpoint);
    const entry: Prepared = { id, models: route.models.map(({ releaseId }) => releaseId), release: undefined };
    prepared.set(endpoint, entry);
    const work = async (): Promise<void> => {
      try {
        const release = await plane.serving.prepare(await localRoute(route));
        if (prepared.get(endpoint) === entry) entry.release = release;
        else release();
      } catch (error) {
        log.error({ endpoint, epoch, error: message(error) }, 'the next route cannot be served here');
        entry.refused = { announced: id, ...refusal(route, error) };
      }
      reportSoon();
    };
    void work();
  }

  async function take(book: PlaneBook): Promise<void> {
    const epochs = new Map(plane.serving.endpoints().map(({ endpoint, epoch }) => [endpoint, epoch]));
    await plane.setTokens(book.tokens);
    for (const route of book.current) {
      const own = epochs.get(route.endpoint) ?? -1;
      epochs.delete(route.endpoint);
      if (own >= route.epoch) continue;
      try {
        await plane.serving.apply(await localRoute(route));
        failed.delete(route.endpoint);
      } catch (error) {
        log.error(
          { endpoint: route.endpoint, error: message(error) },
          'a route cannot be served; the one before stays',
        );
        failed.set(route.endpoint, refusal(route, error));
      }
    }
    for (const endpoint of epochs.keys()) await plane.serving.remove(endpoint);
    const coming = new Set(book.next.map(({ route }) => route.endpoint));
    // Only now: what was prepared is held by the current route.
    for (const endpoint of prepared.keys()) if (!coming.has(endpoint)) forget(endpoint);
    for (const one of book.next) prepare(one);
    reportSoon();
  }

  function report(): GatewayReport {
    const now = status();
    const warm = new Set<string>();
    for (const { releases } of now.stats)
      for (const release of releases) if (release.state === 'warm') warm.add(release.releaseId);
    const refused = [...failed.values()];
    for (const entry of prepared.values()) {
      if (entry.release !== undefined) for (const releaseId of entry.models) warm.add(releaseId);
      if (entry.refused !== undefined) refused.push(entry.refused);
    }
    return { warm: [...warm], refused, status: now };
  }

  async function reading(): Promise<void> {
    let after = '';
    let delay = RETRY_MS.least;
    while (!signal.aborted) {
      try {
        const book = await client.book(after, signal);
        delay = RETRY_MS.least;
        if (book.revision === after) continue;
        await take(book);
        // A route that could not be taken for a reason that may pass is asked for again.
        after = failed.size === 0 ? book.revision : '';
        caughtUp();
        if (failed.size > 0) await pause(RETRY_MS.most);
      } catch (error) {
        if (signal.aborted) return;
        if (delay === RETRY_MS.least)
          log.warn({ error: message(error) }, 'the control plane is not there; the last routes go on');
        await pause(delay);
        delay = Math.min(delay * 2, RETRY_MS.most);
      }
    }
  }

  async function reporting(): Promise<void> {
    while (!signal.aborted) {
      await client.report(report()).catch(() => undefined);
      await Promise.race([
        pause(REPORT_MS),
        new Promise<void>((resolve) => {
          reportDue = resolve;
        }),
      ]);
    }
  }

  /** Parts leave in the order of their names, which is that of their times. */
  async function sendParts(): Promise<void> {
    const root = join(home, 'predictions');
    for (const endpoint of await readdir(root).catch(() => [])) {
      const names = await readdir(join(root, endpoint)).catch(() => []);
      for (const name of names.toSorted((a, b) => (a < b ? -1 : 1))) {
        const part = /^(part-[0-9a-z]{26})\.parquet$/.exec(name)?.[1];
        if (part === undefined) continue;
        const path = join(root, endpoint, name);
        await client.sendPart(endpoint, part, path);
        await unlink(path);
      }
    }
  }

  async function sending(): Promise<void> {
    while (!signal.aborted) {
      // Not there, or its disk is full: the parts stay here until it takes them.
      await sendParts().catch((error: unknown) => log.debug({ error: message(error) }, 'the prediction log waits'));
      await pause(REPORT_MS);
    }
  }

  const loops = Promise.all([reading(), reporting(), sending()]);
  return {
    caughtUp: firstBook,
    async stop() {
      stopping.abort();
      reportSoon();
      await loops;
      // What the end of the log has written.
      await sendParts().catch(() => undefined);
      await client.leave().catch(() => undefined);
    },
  };
}
