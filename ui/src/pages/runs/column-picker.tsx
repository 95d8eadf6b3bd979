import { Dialog } from '@base-ui/react/dialog';
import { useState } from 'react';
import type { RunKeys } from '../../api/run-queries.ts';
import { useText } from '../../i18n/use-text.tsx';
import { columnId, type RunColumn } from './runs-search.ts';

export interface ColumnPickerProps {
  readonly open: boolean;
  readonly onClose: () => void;
  readonly keys: RunKeys;
  readonly columns: readonly RunColumn[];
  readonly onColumns: (columns: readonly RunColumn[]) => void;
}

const MOST = 60;

/** What is shown, in its order, beside everything there is with the number of runs that have it. */
export function ColumnPicker({ open, onClose, keys, columns, onColumns }: ColumnPickerProps) {
  const { t, f } = useText();
  const [text, setText] = useState('');
  const [dragged, setDragged] = useState<string>();
  const has = new Set(columns.map(columnId));
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const move = (from: number, to: number): void => {
    const one = columns[from];
    if (one !== undefined && to >= 0 && to < columns.length)
      onColumns(columns.toSpliced(from, 1).toSpliced(to, 0, one));
  };
  const toggle = (column: RunColumn): void =>
    onColumns(
      has.has(columnId(column)) ? columns.filter((one) => columnId(one) !== columnId(column)) : [...columns, column],
    );
  const group = (kind: RunColumn['kind'], all: RunKeys['metrics']) => {
    const found = all.filter(({ key }) => words.every((word) => `${kind} ${key}`.toLowerCase().includes(word)));
    if (found.length === 0) return null;
    return (
      <fieldset className="pick">
        <legend className="micro">
          {t(
            kind === 'metric' ? 'runs.columns.metrics' : kind === 'param' ? 'runs.columns.params' : 'runs.columns.tags',
          )}{' '}
          {f.int(found.length)}
        </legend>
        {found.slice(0, MOST).map(({ key, runs }) => (
          <label key={key} className="st">
            <input
              type="checkbox"
              checked={has.has(columnId({ kind, name: key }))}
              onChange={() => toggle({ kind, name: key })}
            />{' '}
            <span className="mono cut" title={key}>
              {key}
            </span>
            <span className="dim micro">{f.int(runs)}</span>
          </label>
        ))}
        {found.length > MOST ? <p className="micro">{t('runs.columns.more', { n: found.length - MOST })}</p> : null}
      </fieldset>
    );
  };
  return (
    <Dialog.Root open={open} onOpenChange={(next) => (next ? undefined : onClose())}>
      <Dialog.Portal>
        <Dialog.Backdrop className="backdrop" />
        <Dialog.Popup className="float dlg wide picker">
          <Dialog.Title>{t('runs.columns.title')}</Dialog.Title>
          <input
            className="box"
            value={text}
            onChange={(event) => setText(event.target.value)}
            aria-label={t('runs.columns.find')}
            placeholder={t('runs.columns.find')}
            autoComplete="off"
            spellCheck={false}
          />
          <div className="cols half">
            <div className="all" role="group" aria-label={t('runs.columns.all')} tabIndex={0}>
              {group('metric', keys.metrics)}
              {group('param', keys.params)}
              {group('tag', keys.tags)}
            </div>
            <div>
              <p className="micro">{t('runs.columns.shown', { n: columns.length })}</p>
              <ol className="chosen">
                {columns.map((one, i) => (
                  <li
                    key={columnId(one)}
                    draggable
                    onDragStart={() => setDragged(columnId(one))}
                    onDragOver={(event) => event.preventDefault()}
                    onDrop={() =>
                      move(
                        columns.findIndex((column) => columnId(column) === dragged),
                        i,
                      )
                    }
                  >
                    <span className="mono cut" title={one.name}>
                      {one.name}
                    </span>
                    <button
                      type="button"
                      className="btn sm quiet"
                      disabled={i === 0}
                      aria-label={t('runs.columns.up', { name: one.name })}
                      onClick={() => move(i, i - 1)}
                    >
                      ↑
                    </button>
                    <button
                      type="button"
                      className="btn sm quiet"
                      disabled={i === columns.length - 1}
                      aria-label={t('runs.columns.down', { name: one.name })}
                      onClick={() => move(i, i + 1)}
                    >
                      ↓
                    </button>
                    <button
                      type="button"
                      className="btn sm quiet"
                      aria-label={t('runs.columns.away', { name: one.name })}
                      onClick={() => toggle(one)}
                    >
                      ×
                    </button>
                  </li>
                ))}
              </ol>
            </div>
          </div>
          <div className="acts">
            <button type="button" className="btn quiet" onClick={() => onColumns([])}>
              {t('runs.columns.first')}
            </button>
            <Dialog.Close className="btn">
              {t('close')} <kbd>esc</kbd>
            </Dialog.Close>
          </div>
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}
