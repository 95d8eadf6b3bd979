/**
 * A gateway takes another's place without a dropped connection: the old one starts the new one with a channel between them; the new
 * one loads and warms; the old one lets no more routes change; the new one gets the listening sockets and accepts; the old one
 * answers what is in flight and ends. Both accept for a moment: there is no time in which a connection would be refused.
 *
 *   new: start           old: listening {rest, grpc}
 *   new: warm            old: frozen                    routes are on disk and stay as they are; the control door is free
 *   new: give [names]    old: socket {name} + handle    one message each
 *   new: serving         old: answers the request, drains
 *
 * Until `serving` the old one can go on as if nothing had been: it ends the new one and opens its control door again.
 */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { Server } from 'node:net';
import { z } from 'zod';
import { kept } from '../adapters/data-plane-process/keeper.ts';
import { ERRORS, MillwrightError } from '../domain/errors.ts';
import type { ErrorBody, ErrorCode } from '../domain/errors.ts';
import { inheritedEnvironment } from '../platform/config.ts';
import type { PortName } from './gateway-ports.ts';

/** Loading and warming large models takes its time; the old gateway serves meanwhile. */
const WARM_MS = 120_000;
const STEP_MS = 15_000;
/** A change of the routes that is under way (it may load a model) ends first. */
const FREEZE_MS = 120_000;

export interface Listening {
  readonly host: string;
  readonly rest: number;
  readonly grpc: number;
}

const portName = z.enum(['rest', 'grpc']);
const fromNew = z.union([
  z.object({ say: z.literal('start') }),
  z.object({ say: z.literal('warm') }),
  z.object({ say: z.literal('give'), names: z.array(portName) }),
  z.object({ say: z.literal('serving') }),
  z.object({
    say: z.literal('failed'),
    error: z.object({
      code: z.string(),
      message: z.string(),
      where: z.string().optional(),
      next: z.string().optional(),
    }),
  }),
]);
const fromOld = z.union([
  z.object({ say: z.literal('listening'), host: z.string(), rest: z.number(), grpc: z.number() }),
  z.object({ say: z.literal('frozen') }),
  z.object({ say: z.literal('socket'), name: portName }),
]);
type FromNew = z.infer<typeof fromNew>;

function codeOf(text: string): ErrorCode {
  return Object.hasOwn(ERRORS, text) ? (text as ErrorCode) : 'MW-INTERNAL';
}

function ended(why: string): MillwrightError {
  return new MillwrightError('MW-UNAVAILABLE', `the successor ${why}; this gateway goes on`, {
    next: 'read plane/plane.log in the home',
  });
}

export interface Predecessor {
  readonly home: string;
  /** Interpreter, program and its arguments. */
  readonly command: readonly string[];
  readonly listening: Listening;
  readonly sockets: Readonly<Record<PortName, Server>>;
  /** Waits for changes under way and lets no more begin; closes the control door. */
  freeze(): Promise<void>;
  /** Undoes it. */
  thaw(): Promise<void>;
}

/** Messages of the successor, one after the other. */
function conversation(child: ChildProcess): { next(say: FromNew['say'], ms: number): Promise<FromNew> } {
  const heard: FromNew[] = [];
  let gone: MillwrightError | undefined;
  let wake: () => void = () => undefined;
  const end = (why: string): void => {
    gone ??= ended(why);
    wake();
  };
  child.on('message', (message) => {
    const parsed = fromNew.safeParse(message);
    if (parsed.success) heard.push(parsed.data);
    wake();
  });
  child.once('exit', () => end('ended at once'));
  child.once('disconnect', () => end('ended before it served'));
  child.once('error', (error) => end(`could not be started: ${error.message}`));
  return {
    async next(say, ms) {
      const timer = setTimeout(() => end(`was not ready in ${ms / 1000} s`), ms);
      try {
        for (;;) {
          const message = heard.shift();
          if (message?.say === 'failed') {
            const { code, message: text, where, next } = message.error;
            throw new MillwrightError(codeOf(code), text, {
              ...(where === undefined ? {} : { where }),
              ...(next === undefined ? {} : { next }),
            });
          }
          if (message?.say === say) return message;
          if (message !== undefined) throw ended(`said "${message.say}" instead of "${say}"`);
          if (gone !== undefined) throw gone;
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
      } finally {
        clearTimeout(timer);
      }
    },
  };
}

/** Starts the successor and hands over to it. Throws its coded error: then this gateway serves on as before. */
export async function handOver(old: Predecessor): Promise<void> {
  const [program = process.execPath, ...args] = kept([...old.command, '--takeover']);
  const child = spawn(program, args, {
    detached: true,
    cwd: old.home,
    stdio: ['ignore', 2, 2, 'ipc'],
    env: inheritedEnvironment(),
  });
  const talk = conversation(child);
  let frozen = false;
  try {
    await talk.next('start', STEP_MS);
    child.send({ say: 'listening', ...old.listening });
    await talk.next('warm', WARM_MS);
    frozen = true;
    await old.freeze();
    child.send({ say: 'frozen' });
    const asked = await talk.next('give', STEP_MS);
    if (asked.say === 'give') {
      for (const name of asked.names) child.send({ say: 'socket', name }, old.sockets[name]);
    }
    await talk.next('serving', STEP_MS);
    if (child.connected) child.disconnect();
    child.unref();
  } catch (error) {
    // Keeper and gateway: the group is theirs alone.
    if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) {
      const gone = new Promise((resolve) => child.once('exit', resolve));
      process.kill(-child.pid, 'SIGKILL');
      await gone;
    }
    if (frozen) await old.thaw();
    throw error;
  }
}

export interface Successor {
  /** Where the old one listens. */
  start(): Promise<Listening>;
  /** Says that everything is loaded. When it resolves, no route changes any more but by us. */
  warm(): Promise<void>;
  /** `take` is called with each socket in the turn it arrives. */
  sockets(names: readonly PortName[], take: (name: PortName, socket: Server) => void): Promise<void>;
  serving(): void;
  failed(error: ErrorBody['error']): void;
}

/** The channel to the gateway that this one replaces; undefined when there is none (any more): then it starts like any other. */
export function predecessor(): Successor | undefined {
  if (process.send === undefined || !process.connected) return undefined;
  const say = (message: FromNew): void => {
    process.send?.(message, undefined, undefined, () => undefined);
  };
  const silent = (): MillwrightError =>
    new MillwrightError('MW-UNAVAILABLE', 'the gateway before this one does not answer', { next: 'mw status' });
  /** Until `done` says so. The channel is read in the turn a message arrives: a socket must not wait. */
  const listen = <T>(
    done: (message: z.infer<typeof fromOld>, handle: unknown) => T | undefined,
    ms = STEP_MS,
  ): Promise<T> =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(() => finish(() => reject(silent())), ms);
      const onMessage = (message: unknown, handle: unknown): void => {
        const parsed = fromOld.safeParse(message);
        const result = parsed.success ? done(parsed.data, handle) : undefined;
        if (result !== undefined) finish(() => resolve(result));
      };
      const onGone = (): void => finish(() => reject(silent()));
      const finish = (then: () => void): void => {
        clearTimeout(timer);
        process.off('message', onMessage);
        process.off('disconnect', onGone);
        then();
      };
      process.on('message', onMessage);
      process.on('disconnect', onGone);
    });
  return {
    start() {
      const answer = listen((message) => (message.say === 'listening' ? message : undefined));
      say({ say: 'start' });
      return answer;
    },
    async warm() {
      const frozen = listen((message) => (message.say === 'frozen' ? true : undefined), FREEZE_MS);
      say({ say: 'warm' });
      await frozen;
    },
    async sockets(names, take) {
      const missing = new Set(names);
      const came =
        names.length === 0
          ? Promise.resolve(true)
          : listen((message, handle) => {
              if (message.say !== 'socket' || !(handle instanceof Server)) return undefined;
              take(message.name, handle);
              missing.delete(message.name);
              return missing.size === 0 ? true : undefined;
            });
      say({ say: 'give', names: [...names] });
      await came;
    },
    serving() {
      say({ say: 'serving' });
    },
    failed(error) {
      say({ say: 'failed', error });
    },
  };
}
