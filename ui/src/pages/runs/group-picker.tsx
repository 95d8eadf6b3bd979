import { Dialog } from '@base-ui/react/dialog';
import type { RunKeys } from '../../api/run-queries.ts';
import { useText } from '../../i18n/use-text.tsx';

export interface GroupPickerProps {
  readonly open: boolean;
  readonly onClose: () => void;
  readonly keys: RunKeys;
  readonly group: string;
  readonly metric: string | undefined;
  readonly onGroup: (group: string) => void;
  readonly onMetric: (metric: string) => void;
}

const MOST = 200;

/** What the runs of a group have in common, and the metric that tells the groups apart. */
export function GroupPicker({ open, onClose, keys, group, metric, onGroup, onMetric }: GroupPickerProps) {
  const { t, f } = useText();
  const chosen = group === '' || group === 'seed' ? [] : group.split(',');
  const toggle = (field: string): void =>
    onGroup((chosen.includes(field) ? chosen.filter((one) => one !== field) : [...chosen, field]).join(','));
  const fields = [
    ...keys.params.map(({ key, runs }) => ({ field: `params.${key}`, runs })),
    ...keys.tags
      .filter(({ key }) => !key.startsWith('mlflow.'))
      .map(({ key, runs }) => ({ field: `tags.${key}`, runs })),
  ].slice(0, MOST);
  return (
    <Dialog.Root open={open} onOpenChange={(next) => (next ? undefined : onClose())}>
      <Dialog.Portal>
        <Dialog.Backdrop className="backdrop" />
        <Dialog.Popup className="float dlg picker">
          <Dialog.Title>{t('groups.title')}</Dialog.Title>
          <div className="inline">
            <button type="button" className="btn" aria-pressed={group === ''} onClick={() => onGroup('')}>
              {t('groups.off')}
            </button>
            <button type="button" className="btn" aria-pressed={group === 'seed'} onClick={() => onGroup('seed')}>
              {t('groups.seed')}
            </button>
            <label className="st">
              {t('groups.metric')}
              <select className="box" value={metric ?? ''} onChange={(event) => onMetric(event.target.value)}>
                {keys.metrics.map(({ key }) => (
                  <option key={key}>{key}</option>
                ))}
              </select>
            </label>
          </div>
          <div className="all" role="group" aria-label={t('groups.by')} tabIndex={0}>
            <fieldset className="pick">
              <legend className="micro">{t('groups.by')}</legend>
              {fields.map(({ field, runs }) => (
                <label key={field} className="st">
                  <input type="checkbox" checked={chosen.includes(field)} onChange={() => toggle(field)} />{' '}
                  <span className="mono cut">{field}</span>
                  <span className="dim micro">{f.int(runs)}</span>
                </label>
              ))}
            </fieldset>
          </div>
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
