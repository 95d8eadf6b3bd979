import { useImperativeHandle, useRef, type KeyboardEvent, type Ref } from 'react';
import { useText } from '../../i18n/use-text.tsx';
import { sqlTokens } from './sql-tokens.ts';

export interface SqlEditorHandle {
  /** Puts a text in place of the selection. */
  readonly insert: (text: string) => void;
  readonly select: (from: number, to: number) => void;
}

interface SqlEditorProps {
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly onRun: () => void;
  /** Where the last answer found a mistake. */
  readonly wrong?: { readonly from: number; readonly to: number } | undefined;
  readonly ref?: Ref<SqlEditorHandle>;
}

/** The text as it is drawn below the field: the same letters, with the mistake underlined. */
function Drawn({ value, wrong }: Pick<SqlEditorProps, 'value' | 'wrong'>) {
  let at = 0;
  return sqlTokens(value).map((token) => {
    const start = at;
    at += token.text.length;
    if (wrong === undefined || wrong.to <= start || wrong.from >= at)
      return (
        <span key={start} className={token.kind}>
          {token.text}
        </span>
      );
    const [a, b] = [Math.max(0, wrong.from - start), Math.min(token.text.length, wrong.to - start)];
    return (
      <span key={start} className={token.kind}>
        {token.text.slice(0, a)}
        <mark>{token.text.slice(a, b)}</mark>
        {token.text.slice(b)}
      </span>
    );
  });
}

/** A plain text field done well. Tab indents; Escape first lets Tab leave, so that the keyboard is never caught. */
export function SqlEditor({ value, onChange, onRun, wrong, ref }: SqlEditorProps) {
  const { t } = useText();
  const field = useRef<HTMLTextAreaElement>(null);
  const drawn = useRef<HTMLPreElement>(null);
  const leaving = useRef(false);
  /** Through the browser's own command, so that its undo knows of it. */
  const put = (text: string): void => {
    const element = field.current;
    if (element === null) return;
    element.focus();
    if (!document.execCommand('insertText', false, text)) {
      element.setRangeText(text, element.selectionStart, element.selectionEnd, 'end');
      onChange(element.value);
    }
  };
  useImperativeHandle(ref, () => ({
    insert: put,
    select: (from, to) => {
      field.current?.focus();
      field.current?.setSelectionRange(from, to);
    },
  }));
  const onKey = (event: KeyboardEvent<HTMLTextAreaElement>): void => {
    if (event.key === 'Enter' && (event.metaKey || event.ctrlKey)) {
      event.preventDefault();
      onRun();
    } else if (event.key === 'Escape') {
      leaving.current = true;
      return;
    } else if (event.key === 'Tab' && !leaving.current && !event.metaKey && !event.ctrlKey && !event.altKey) {
      event.preventDefault();
      const { selectionStart, value: text } = event.currentTarget;
      if (!event.shiftKey) put('  ');
      else {
        const line = text.lastIndexOf('\n', selectionStart - 1) + 1;
        const spaces = /^ {1,2}/.exec(text.slice(line))?.[0].length ?? 0;
        if (spaces > 0) {
          event.currentTarget.setSelectionRange(line, line + spaces);
          if (!document.execCommand('delete')) {
            event.currentTarget.setRangeText('', line, line + spaces, 'end');
            onChange(event.currentTarget.value);
          }
        }
      }
    }
    leaving.current = false;
  };
  const rows = Math.min(18, Math.max(6, value.split('\n').length + 1));
  return (
    <div className="sqledit" style={{ height: `${rows * 1.25 + 1}rem` }}>
      <pre ref={drawn} aria-hidden="true">
        <Drawn value={value} wrong={wrong} />{' '}
      </pre>
      <textarea
        ref={field}
        value={value}
        spellCheck={false}
        autoCapitalize="off"
        autoComplete="off"
        maxLength={20_000}
        aria-label={t('sql.query')}
        aria-describedby="sql-keys"
        aria-invalid={wrong !== undefined}
        placeholder="select name, count(*) from runs group by name"
        onChange={(event) => onChange(event.target.value)}
        onKeyDown={onKey}
        onScroll={(event) => {
          if (drawn.current === null) return;
          drawn.current.scrollTop = event.currentTarget.scrollTop;
          drawn.current.scrollLeft = event.currentTarget.scrollLeft;
        }}
      />
    </div>
  );
}
