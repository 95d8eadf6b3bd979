/**
 * What the kernel says about processes. Linux answers from /proc; where there is none (macOS) the lists are empty, facts are
 * undefined, and callers fall back to signals alone. Only `node:fs` and `node:os`: the supervisor loads this for every step.
 */
import { readFileSync, readdirSync } from 'node:fs';
import { uptime } from 'node:os';

export interface ProcessFacts {
  readonly pid: number;
  readonly parent: number;
  readonly group: number;
  readonly session: number;
  /** Clock ticks after boot: with the pid it names a process even after the pid was given again. */
  readonly startTime: number;
  /** User and system time of the process and of the children it has waited for, in ticks of 1/100 s. */
  readonly ticks: number;
}

/** A process that a record on disk speaks of. */
export interface ProcessRecord {
  readonly pid: number;
  readonly startTime?: number;
  readonly boot: string;
}

/** Linux fixes the unit of /proc times at 100 a second for every program (USER_HZ). */
export const TICKS_PER_SECOND = 100;

function parseStat(text: string): ProcessFacts | undefined {
  // The command name is in parentheses and may itself hold spaces and parentheses: fields count from the last ")".
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const state = fields[0] ?? 'X';
  // A zombie runs no code; where process 1 does not reap, it would stay for ever and never count as gone.
  if (state === 'Z' || state === 'X') return undefined;
  const number = (index: number): number => Number(fields[index] ?? Number.NaN);
  return {
    pid: Number.parseInt(text, 10),
    parent: number(1),
    group: number(2),
    session: number(3),
    ticks: number(11) + number(12) + number(13) + number(14),
    startTime: number(19),
  };
}

/** Undefined: no such process, a zombie, or no /proc. */
export function processFacts(pid: number | 'self'): ProcessFacts | undefined {
  try {
    return parseStat(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return undefined;
  }
}

/** Ticks of the children that this process has waited for, with all that those waited for. */
export function waitedChildTicks(): number | undefined {
  try {
    const text = readFileSync('/proc/self/stat', 'latin1');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return Number(fields[13]) + Number(fields[14]);
  } catch {
    return undefined;
  }
}

function allProcesses(): readonly ProcessFacts[] {
  let names: readonly string[];
  try {
    names = readdirSync('/proc');
  } catch {
    return [];
  }
  const found: ProcessFacts[] = [];
  for (const name of names) {
    if (!/^\d+$/.test(name)) continue;
    const facts = processFacts(Number(name));
    if (facts !== undefined) found.push(facts);
  }
  return found;
}

/** Bytes in memory now and at the peak; undefined without /proc. */
export function memoryOf(pid: number): { readonly now: number; readonly peak: number } | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/status`, 'latin1');
    const kilobytes = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? 0);
    return { now: kilobytes('VmRSS') * 1024, peak: kilobytes('VmHWM') * 1024 };
  } catch {
    return undefined;
  }
}

/** Names this boot of the machine. Without /proc it is the boot's second, which `sameBoot` compares with a tolerance. */
export function bootName(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
  } catch {
    return `booted:${Math.round(Date.now() / 1000 - uptime())}`;
  }
}

export function sameBoot(a: string, b: string): boolean {
  if (a === b) return true;
  if (!a.startsWith('booted:') || !b.startsWith('booted:')) return false;
  // A clock that was set moves the computed second; a reboot takes longer than this.
  return Math.abs(Number(a.slice(7)) - Number(b.slice(7))) < 20;
}

function signalReaches(target: number): boolean {
  try {
    process.kill(target, 0);
    return true;
  } catch (error) {
    // EPERM: it exists and belongs to somebody else.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** True when exactly this process still runs: same boot, same pid, same start time. */
export function stillRuns(record: ProcessRecord): boolean {
  if (!sameBoot(record.boot, bootName())) return false;
  if (record.startTime === undefined) return signalReaches(record.pid);
  return processFacts(record.pid)?.startTime === record.startTime;
}

/** The first process of a step: its pid is the id of its group and of its session. */
export interface Leader {
  readonly pid: number;
  readonly startTime?: number;
}

/** pid -> start time of processes that were seen to descend from a step before. */
export type Seen = ReadonlyMap<number, number>;

/**
 * The processes of a step: everything in the leader's group or session, everything descended from those, and what was
 * seen to descend from it before (a daemon that left the session has process 1 as its parent).
 */
export function stepProcesses(leader: Leader, seen: Seen = new Map()): readonly ProcessFacts[] {
  const all = allProcesses();
  // The pid may have been given to another program since; then its group is not ours to touch.
  const taken =
    leader.startTime !== undefined && all.some((one) => one.pid === leader.pid && one.startTime !== leader.startTime);
  const mine = new Map<number, ProcessFacts>();
  for (const one of all) {
    const member = !taken && (one.pid === leader.pid || one.group === leader.pid || one.session === leader.pid);
    if (member || seen.get(one.pid) === one.startTime) mine.set(one.pid, one);
  }
  for (let grew = true; grew; ) {
    grew = false;
    for (const one of all) {
      if (mine.has(one.pid) || !mine.has(one.parent)) continue;
      mine.set(one.pid, one);
      grew = true;
    }
  }
  return [...mine.values()];
}

const hasTable = (): boolean => processFacts('self') !== undefined;

/** Whether anything of the step is left. */
export function stepLeft(leader: Leader, seen?: Seen): boolean {
  return hasTable() ? stepProcesses(leader, seen).length > 0 : signalReaches(-leader.pid);
}

/** Sends a signal to the group and to each process that has left it. */
function signalStep(leader: Leader, signal: NodeJS.Signals, seen?: Seen): void {
  const members = stepProcesses(leader, seen);
  const grouped = hasTable() ? members.some((one) => one.group === leader.pid) : true;
  const targets = [...(grouped ? [-leader.pid] : []), ...members.map((one) => one.pid)];
  for (const target of targets) {
    try {
      process.kill(target, signal);
    } catch {
      // Already gone: that is what is wanted.
    }
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** TERM, up to `graceMs`, then KILL until nothing is left or another 5 s have passed. True when nothing is left. */
export async function endStep(leader: Leader, graceMs: number, seen?: Seen): Promise<boolean> {
  if (!stepLeft(leader, seen)) return true;
  signalStep(leader, 'SIGTERM', seen);
  for (let waited = 0, step = 5; waited < graceMs; waited += step, step = Math.min(step * 2, 100)) {
    if (!stepLeft(leader, seen)) return true;
    await pause(step);
  }
  for (let waited = 0; waited < 5000; waited += 20) {
    signalStep(leader, 'SIGKILL', seen);
    await pause(20);
    if (!stepLeft(leader, seen)) return true;
  }
  return false;
}
