import { useEffect, useId, useRef, useState } from 'react';
import { useText } from '../../i18n/use-text.tsx';
import { pastedRows } from './pasted-rows.ts';

/** A place for rows from elsewhere: JSON or CSV becomes the rows of the form. */
export function PlaygroundPaste({
  names,
  onRows,
  onClose,
}: {
  readonly names: readonly string[];
  readonly onRows: (rows: readonly Readonly<Record<string, unknown>>[]) => void;
  readonly onClose: () => void;
}) {
  const { t } = useText();
  const id = useId();
  const [text, setText] = useState('');
  const box = useRef<HTMLTextAreaElement>(null);
  // It opens where a button was pressed to paste into it.
  useEffect(() => box.current?.focus(), []);
  const found = text.trim() === '' ? undefined : pastedRows(text, names);
  const problem =
    found === undefined || 'rows' in found
      ? undefined
      : 'message' in found
        ? found.message
        : t(found.problem, found.slots);
  const rows = found !== undefined && 'rows' in found ? found.rows : undefined;
  return (
    <div className="ppaste">
      <label htmlFor={id} className="meta">
        {t('play.paste.label')}
      </label>
      <textarea
        id={id}
        className="inp mono"
        rows={6}
        ref={box}
        spellCheck={false}
        value={text}
        aria-invalid={problem !== undefined}
        aria-describedby={`${id}h`}
        onChange={(event) => setText(event.target.value)}
      />
      <div id={`${id}h`} role="status" className={problem === undefined ? 'phint' : 'phint c-fail'}>
        {problem ?? (rows === undefined ? t('play.paste.hint') : t('play.rows', { n: rows.length }))}
      </div>
      <div className="row">
        <button
          type="button"
          className="btn sm"
          disabled={rows === undefined}
          onClick={() => (rows === undefined ? undefined : onRows(rows))}
        >
          {t('play.paste.use')}
        </button>
        <button type="button" className="btn sm quiet" onClick={onClose}>
          {t('play.paste.close')}
        </button>
      </div>
    </div>
  );
}
