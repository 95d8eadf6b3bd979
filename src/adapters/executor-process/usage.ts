/** What a running step uses: memory and CPU of its processes, and what its folder grew by. */
import { type Dirent, lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import {
  type Leader,
  memoryOf,
  processFacts,
  stepProcesses,
  TICKS_PER_SECOND,
  waitedChildTicks,
} from './process-table.ts';

export interface UsageSampler {
  /** Looks once. */
  sample(): void;
  /** Processes that were seen, for the clean-up. */
  readonly seen: ReadonlyMap<number, number>;
  /** Peak of the sum over the processes, and CPU time; undefined without /proc. */
  result(): { readonly peakRssBytes?: number; readonly cpuSeconds?: number };
}

export function createSampler(leader: Leader): UsageSampler {
  const seen = new Map<number, number>();
  const strays = new Map<string, number>();
  let peak = 0;
  return {
    seen,
    sample() {
      let sum = 0;
      for (const one of stepProcesses(leader, seen)) {
        seen.set(one.pid, one.startTime);
        // Processes that the step never waits for are in nobody's total; all others end up in the supervisor's.
        if (one.parent === 1) strays.set(`${one.pid}/${one.startTime}`, one.ticks);
        const memory = memoryOf(one.pid);
        if (memory === undefined) continue;
        sum += memory.now;
        // A short peak between two looks is still known for each process alone.
        peak = Math.max(peak, memory.peak);
      }
      peak = Math.max(peak, sum);
    },
    result() {
      if (processFacts('self') === undefined) return {};
      let ticks = waitedChildTicks() ?? 0;
      for (const stray of strays.values()) ticks += stray;
      return { ...(peak > 0 ? { peakRssBytes: peak } : {}), cpuSeconds: ticks / TICKS_PER_SECOND };
    },
  };
}

/** Bytes on disk under a folder, links not followed; stops counting at 200,000 entries. */
export function folderBytes(root: string): number {
  const waiting = [root];
  let bytes = 0;
  let entries = 0;
  for (let folder = waiting.pop(); folder !== undefined && entries < 200_000; folder = waiting.pop()) {
    let list: readonly Dirent[];
    try {
      list = readdirSync(folder, { withFileTypes: true });
    } catch {
      continue;
    }
    for (const entry of list) {
      entries += 1;
      const path = join(folder, entry.name);
      if (entry.isDirectory()) waiting.push(path);
      else bytes += (lstatSync(path, { throwIfNoEntry: false })?.blocks ?? 0) * 512;
    }
  }
  return bytes;
}
