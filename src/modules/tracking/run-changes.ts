/** One change to many runs: everything is checked before anything is written, and all of it is one transaction. */
import { runNotActive, runNotFound } from '../../domain/tracking.ts';
import type { RunInfo } from '../../domain/tracking.ts';
import type { Clock } from '../../ports/clock.ts';
import type { MetadataStore } from '../../ports/metadata-store.ts';
import { checkKey, checkRunId, checkTag } from './entry-rules.ts';

export type RunsChange =
  | { readonly action: 'delete' | 'restore' }
  /** null takes the tag away. */
  | { readonly action: 'tag'; readonly key: string; readonly value: string | null };

export interface RunChanges {
  /**
   * Deletes (restorable until the collector comes), restores or tags. Returns how many runs are other than before. Throws
   * MW-NOT-FOUND, MW-INVALID; then nothing was changed.
   */
  changeRuns(ids: readonly string[], change: RunsChange): Promise<number>;
}

export function createRunChanges(store: Pick<MetadataStore, 'transaction'>, clock: Clock): RunChanges {
  return {
    async changeRuns(ids, change) {
      const wanted = [...new Set(ids)];
      wanted.forEach((id, i) => checkRunId(id, `runs[${i}]`));
      if (change.action === 'tag') {
        if (change.value === null) checkKey(change.key, 'key');
        else checkTag({ key: change.key, value: change.value }, 'tag');
      }
      return store.transaction(async ({ tracking }) => {
        const infos: RunInfo[] = [];
        for (const id of wanted) {
          const info = await tracking.getRunInfo(id);
          if (info === undefined) throw runNotFound(id);
          if (change.action === 'tag' && info.lifecycle === 'deleted') throw runNotActive(id);
          infos.push(info);
        }
        let changed = 0;
        for (const { id, lifecycle } of infos) {
          if (change.action === 'tag') {
            if (change.value === null) changed += Number(await tracking.deleteTag(id, change.key));
            else {
              await tracking.logBatch(id, { tags: [{ key: change.key, value: change.value }] });
              changed += 1;
            }
          } else if (change.action === 'delete' && lifecycle === 'active') {
            await tracking.updateRun(id, { lifecycle: 'deleted', deletedAt: clock.now() });
            changed += 1;
          } else if (change.action === 'restore' && lifecycle === 'deleted') {
            await tracking.updateRun(id, { lifecycle: 'active', deletedAt: null });
            changed += 1;
          }
        }
        return changed;
      });
    },
  };
}
