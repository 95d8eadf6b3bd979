import { Dialog } from '@base-ui/react/dialog';
import { useText } from '../../i18n/use-text.tsx';
import type { RunColumn } from './runs-search.ts';

export interface ColumnPickerProps {
  readonly open: boolean;
  readonly onClose: () => void;
  readonly known: { readonly metrics: readonly string[]; readonly params: readonly string[] };
  readonly columns: readonly RunColumn[];
  readonly onColumns: (cols: string) => void;
}

/** Which metrics and params are columns; kept in the address. */
export function ColumnPicker({ open, onClose, known, columns, onColumns }: ColumnPickerProps) {
  const { t } = useText();
  const has = (column: RunColumn): boolean =>
    columns.some((one) => one.kind === column.kind && one.name === column.name);
  const toggle = (column: RunColumn): void => {
    const next = has(column)
      ? columns.filter((one) => one.kind !== column.kind || one.name !== column.name)
      : [...columns, column];
    onColumns(next.map((one) => `${one.kind === 'metric' ? 'm' : 'p'}.${one.name}`).join(','));
  };
  const group = (kind: RunColumn['kind'], names: readonly string[]) => (
    <fieldset className="pick">
      <legend className="micro">{t(kind === 'metric' ? 'runs.columns.metrics' : 'runs.columns.params')}</legend>
      {names.map((name) => (
        <label key={name} className="st">
          <input type="checkbox" checked={has({ kind, name })} onChange={() => toggle({ kind, name })} />{' '}
          <span className="mono">{name}</span>
        </label>
      ))}
    </fieldset>
  );
  return (
    <Dialog.Root open={open} onOpenChange={(next) => (next ? undefined : onClose())}>
      <Dialog.Portal>
        <Dialog.Backdrop className="backdrop" />
        <Dialog.Popup className="float dlg wide">
          <Dialog.Title>{t('runs.columns.title')}</Dialog.Title>
          <div className="cols half">
            {group('metric', known.metrics)}
            {group('param', known.params)}
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
