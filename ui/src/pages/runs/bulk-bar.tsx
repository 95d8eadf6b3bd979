import { Dialog } from '@base-ui/react/dialog';
import { useState } from 'react';
import { runCommands } from '../../api/run-queries.ts';
import { useText } from '../../i18n/use-text.tsx';
import { useKeys } from '../../keys/use-keys.ts';
import { useToast } from '../../parts/toasts.tsx';

export interface BulkBarProps {
  readonly selected: readonly string[];
  readonly trash: boolean;
  readonly onCompare: () => void;
  readonly onClear: () => void;
  /** The rows are not what they were. */
  readonly onChanged: () => void;
}

/** At most this many are compared. */
export const MOST_COMPARED = 50;

/** What can be done with the selected runs. Deleting and restoring are each other's undo. */
export function BulkBar({ selected, trash, onCompare, onClear, onChanged }: BulkBarProps) {
  const { t } = useText();
  const toast = useToast();
  const [tagging, setTagging] = useState(false);
  const n = selected.length;
  const refused = (error: unknown): void =>
    toast({ text: error instanceof Error ? error.message : String(error), failed: true });
  const set = async (action: 'delete' | 'restore', runs: readonly string[], undo: boolean): Promise<void> => {
    try {
      const { changed } = await runCommands.bulk({ action, runs: [...runs] });
      onChanged();
      toast({
        text: t(action === 'delete' ? 'bulk.deleted' : 'bulk.restored', { n: changed }),
        ...(undo ? { undo: () => void set(action === 'delete' ? 'restore' : 'delete', runs, false) } : {}),
      });
    } catch (error) {
      refused(error);
    }
  };
  const change = (): void => {
    const runs = selected;
    onClear();
    void set(trash ? 'restore' : 'delete', runs, true);
  };
  const tag = async (key: string, value: string): Promise<void> => {
    try {
      const { changed } = await runCommands.bulk({ action: 'tag', runs: [...selected], key, value });
      setTagging(false);
      onChanged();
      toast({ text: t('bulk.tagged', { n: changed, key, value }) });
    } catch (error) {
      refused(error);
    }
  };
  const comparable = n >= 2 && n <= MOST_COMPARED;
  useKeys([
    ...(comparable ? [{ keys: 'c', label: t('runs.compare'), run: onCompare }] : []),
    ...(trash ? [] : [{ keys: 't', label: t('bulk.tag'), run: () => setTagging(true) }]),
    { keys: trash ? 'shift+r' : 'Delete', label: t(trash ? 'bulk.restore' : 'bulk.delete'), run: change },
    { keys: 'Escape', label: t('runs.compare.clear'), run: onClear },
  ]);
  return (
    <div className="bulk" role="toolbar" aria-label={t('bulk.selected', { n })}>
      <b role="status">{t('bulk.selected', { n })}</b>
      <button
        type="button"
        className="btn sm"
        disabled={!comparable}
        title={n > MOST_COMPARED ? t('bulk.most', { n: MOST_COMPARED }) : undefined}
        onClick={onCompare}
      >
        {t('runs.compare')} <kbd>C</kbd>
      </button>
      {trash ? null : (
        <button type="button" className="btn sm" onClick={() => setTagging(true)}>
          {t('bulk.tag')} <kbd>T</kbd>
        </button>
      )}
      <button type="button" className="btn sm" onClick={change}>
        {t(trash ? 'bulk.restore' : 'bulk.delete')} <kbd>{trash ? '⇧ R' : 'Del'}</kbd>
      </button>
      <button type="button" className="btn sm quiet" onClick={onClear}>
        {t('runs.compare.clear')} <kbd>esc</kbd>
      </button>
      <Dialog.Root open={tagging} onOpenChange={setTagging}>
        <Dialog.Portal>
          <Dialog.Backdrop className="backdrop" />
          <Dialog.Popup className="float dlg">
            <Dialog.Title>{t('bulk.tag.title', { n })}</Dialog.Title>
            <form
              className="inline"
              onSubmit={(event) => {
                event.preventDefault();
                const data = new FormData(event.currentTarget);
                const [key, value] = [data.get('key'), data.get('value')];
                if (typeof key === 'string' && key.trim() !== '' && typeof value === 'string')
                  void tag(key.trim(), value);
              }}
            >
              <input
                className="box"
                name="key"
                required
                maxLength={250}
                aria-label={t('bulk.tag.key')}
                placeholder={t('bulk.tag.key')}
                autoComplete="off"
              />
              <input
                className="box"
                name="value"
                maxLength={8000}
                aria-label={t('bulk.tag.value')}
                placeholder={t('bulk.tag.value')}
                autoComplete="off"
              />
              <button type="submit" className="btn">
                {t('bulk.tag.do')}
              </button>
            </form>
          </Dialog.Popup>
        </Dialog.Portal>
      </Dialog.Root>
    </div>
  );
}
