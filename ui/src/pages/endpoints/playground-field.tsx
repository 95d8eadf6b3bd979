import { useId } from 'react';
import { useText } from '../../i18n/use-text.tsx';
import { StatusMark } from '../../parts/status-mark.tsx';
import { cellProblem, stepOf, type Field } from './playground-fields.ts';

/** What is known about the value: its range, or whether it is a new one. */
function useHint(field: Field, text: string): { readonly text: string; readonly odd: boolean } | undefined {
  const { t, f } = useText();
  const { range } = field;
  if (range !== undefined) {
    const value = Number(text);
    const span = t(`play.range.${range.from}`, { low: f.num(range.low), high: f.num(range.high) });
    const odd = text.trim() !== '' && (value < range.low || value > range.high);
    return { text: odd ? t('play.range.outside', { text: span }) : span, odd };
  }
  if (field.kind !== 'text' || field.values.length === 0) return undefined;
  const odd = text !== '' && !field.values.includes(text);
  return { text: odd ? t('play.values.new') : '', odd };
}

/** One input of the model. `problem`: what the API said about it. */
export function PlaygroundField({
  field,
  text,
  problem,
  onChange,
}: {
  readonly field: Field;
  readonly text: string;
  readonly problem: string | undefined;
  readonly onChange: (text: string) => void;
}) {
  const { t } = useText();
  const id = useId();
  const hint = useHint(field, text);
  const bad = cellProblem(field, text);
  const wrong = problem ?? (bad === undefined ? undefined : t(`play.bad.${bad}`));
  const common = {
    id,
    name: field.name,
    className: 'inp',
    value: text,
    'aria-invalid': wrong !== undefined,
    'aria-describedby': `${id}h`,
  };
  return (
    <div className="pfield">
      <label htmlFor={id} title={`${field.name} · ${field.datatype}`}>
        <code>{field.name}</code>
      </label>
      {field.kind === 'boolean' ? (
        <select {...common} onChange={(event) => onChange(event.target.value)}>
          <option value="true">true</option>
          <option value="false">false</option>
        </select>
      ) : (
        <input
          {...common}
          type={field.kind === 'text' ? 'text' : 'number'}
          {...(field.kind === 'text' ? {} : { step: stepOf(field), inputMode: 'decimal' as const })}
          {...(field.values.length > 0 ? { list: `${id}v` } : {})}
          placeholder={field.kind === 'text' ? undefined : t('play.missing')}
          autoComplete="off"
          spellCheck={false}
          onChange={(event) => onChange(event.target.value)}
        />
      )}
      {field.values.length > 0 ? (
        <datalist id={`${id}v`}>
          {field.values.map((value) => (
            <option key={value} value={value} />
          ))}
        </datalist>
      ) : null}
      <div
        id={`${id}h`}
        className={wrong !== undefined ? 'phint c-fail' : hint?.odd === true ? 'phint c-warn' : 'phint'}
      >
        {wrong !== undefined ? (
          <>
            <StatusMark kind="failed" size={12} /> {wrong}
          </>
        ) : hint === undefined ? null : hint.odd ? (
          <>
            <StatusMark kind="warning" size={12} /> {hint.text}
          </>
        ) : (
          hint.text
        )}
      </div>
    </div>
  );
}
