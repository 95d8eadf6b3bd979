import { Dialog } from '@base-ui/react/dialog';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { runCommands, runQueries, type SavedView } from '../../api/run-queries.ts';
import { useText } from '../../i18n/use-text.tsx';
import { Loaded } from '../../parts/states.tsx';
import { useToast } from '../../parts/toasts.tsx';

export interface SavedViewsProps {
  readonly open: boolean;
  readonly onClose: () => void;
  /** The page as it stands. */
  readonly state: string;
  readonly onPick: (state: string) => void;
}

const PLACE = 'runs';

/** Filters, columns, order and group under a name. */
export function SavedViews({ open, onClose, state, onPick }: SavedViewsProps) {
  const { t } = useText();
  const toast = useToast();
  const client = useQueryClient();
  const [name, setName] = useState('');
  const views = useQuery({ ...runQueries.views(PLACE), enabled: open });
  const refused = (error: unknown): void =>
    toast({ text: error instanceof Error ? error.message : String(error), failed: true });
  const again = async (): Promise<void> => client.invalidateQueries({ queryKey: ['views'] });
  const save = async (view: Pick<SavedView, 'name' | 'state'>): Promise<void> => {
    try {
      await runCommands.saveView({ place: PLACE, name: view.name, state: view.state });
      await again();
    } catch (error) {
      refused(error);
    }
  };
  const remove = async (view: SavedView): Promise<void> => {
    try {
      await runCommands.deleteView(view.id);
      await again();
      toast({ text: t('views.deleted', { name: view.name }), undo: () => void save(view) });
    } catch (error) {
      refused(error);
    }
  };
  return (
    <Dialog.Root open={open} onOpenChange={(next) => (next ? undefined : onClose())}>
      <Dialog.Portal>
        <Dialog.Backdrop className="backdrop" />
        <Dialog.Popup className="float dlg">
          <Dialog.Title>{t('views.title')}</Dialog.Title>
          <Loaded query={views} what={t('views.title')} rows={2}>
            {(data) =>
              data.views.length === 0 ? (
                <p className="mut">{t('views.none')}</p>
              ) : (
                <ul className="chosen">
                  {data.views.map((view) => (
                    <li key={view.id}>
                      <button
                        type="button"
                        className="link cut"
                        aria-current={view.state === state}
                        onClick={() => {
                          onPick(view.state);
                          onClose();
                        }}
                      >
                        {view.name}
                      </button>
                      {view.state === state ? <span className="tag">{t('views.here')}</span> : null}
                      <button
                        type="button"
                        className="btn sm quiet"
                        aria-label={t('views.delete', { name: view.name })}
                        onClick={() => void remove(view)}
                      >
                        ×
                      </button>
                    </li>
                  ))}
                </ul>
              )
            }
          </Loaded>
          <form
            className="inline"
            onSubmit={(event) => {
              event.preventDefault();
              if (name.trim() === '') return;
              void save({ name: name.trim(), state }).then(() => setName(''));
            }}
          >
            <input
              className="box"
              value={name}
              maxLength={100}
              onChange={(event) => setName(event.target.value)}
              aria-label={t('views.name')}
              placeholder={t('views.name')}
              autoComplete="off"
            />
            <button type="submit" className="btn" disabled={name.trim() === ''}>
              {t('views.save')}
            </button>
          </form>
          <div className="acts">
            <Dialog.Close className="btn">
              {t('close')} <kbd>esc</kbd>
            </Dialog.Close>
          </div>
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}
