import { useQueryClient } from '@tanstack/react-query';
import { useCallback } from 'react';
import { runCommands } from '../../api/run-queries.ts';
import type { Run } from '../../api/types.ts';
import { useText } from '../../i18n/use-text.tsx';
import { useToast } from '../../parts/toasts.tsx';

/** The tag that names a run. */
export const RUN_NAME = 'mlflow.runName';

/** Sets a tag of a run, or takes it away with null; what was there before is one key away. Resolves to whether it is done. */
export function useTagRun({
  id,
  name,
  tags,
}: Pick<Run, 'id' | 'name' | 'tags'>): (key: string, value: string | null) => Promise<boolean> {
  const { t } = useText();
  const toast = useToast();
  const cache = useQueryClient();
  return useCallback(
    async (key, value) => {
      const was = key === RUN_NAME ? name : (tags[key] ?? null);
      const write = async (next: string | null): Promise<boolean> => {
        try {
          await runCommands.bulk({ action: 'tag', runs: [id], key, value: next });
          await Promise.all(['runs', 'run-ids'].map((old) => cache.invalidateQueries({ queryKey: [old] })));
          return true;
        } catch (error) {
          toast({ text: error instanceof Error ? error.message : String(error), failed: true });
          return false;
        }
      };
      const done = await write(value);
      if (!done) return false;
      const text =
        value === null
          ? t('run.tag.removed', { key })
          : key === RUN_NAME
            ? t('run.renamed', { name: value, was: name })
            : t('run.tag.set', { key, value: value.slice(0, 80) });
      toast({ text, undo: () => void write(was) });
      return true;
    },
    [id, name, tags, t, toast, cache],
  );
}
