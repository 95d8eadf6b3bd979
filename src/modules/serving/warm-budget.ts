/** How much may be loaded at once on this machine: above it, the least recently used release that can be spared is unloaded. */
import type { ReleaseSlot } from './release-slot.ts';

export interface WarmBudget {
  /** Models that may be loaded. */
  readonly models?: number;
  /** Memory that the models' own processes may take together, bytes. Models inside this process are not counted. */
  readonly bytes?: number;
}

function over(budget: WarmBudget, warm: readonly ReleaseSlot[]): boolean {
  if (budget.models !== undefined && warm.length > budget.models) return true;
  if (budget.bytes === undefined) return false;
  return warm.reduce((sum, slot) => sum + (slot.model?.stats().rssBytes ?? 0), 0) > budget.bytes;
}

/**
 * Called after `newest` was loaded. Releases that take calls and never idle (pinned) and releases with calls stay: then the budget is
 * exceeded, because a route that was accepted must answer.
 */
export function makeRoom(
  budget: WarmBudget,
  slots: readonly ReleaseSlot[],
  newest: ReleaseSlot,
  unload: (slot: ReleaseSlot) => void,
): void {
  let warm = slots.filter((slot) => slot.model !== undefined);
  const spare = warm
    .filter((slot) => slot !== newest && !slot.pinned && slot.inFlight === 0)
    .sort((a, b) => a.usedAt - b.usedAt);
  for (const slot of spare) {
    if (!over(budget, warm)) return;
    unload(slot);
    warm = warm.filter((other) => other !== slot);
  }
}
