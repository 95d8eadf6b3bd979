import { useState } from 'react';
import { useText } from '../../i18n/use-text.tsx';
import { CopyButton } from '../../parts/command-line.tsx';

const LONG_TEXT = 600;
const FIRST_ITEMS = 40;
/** Deeper than this is folded at first. */
const OPEN_DEPTH = 2;

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const textOf = (value: unknown): string =>
  typeof value === 'string' ? value : (JSON.stringify(value, undefined, 2) ?? '');

function LongText({ value, bare }: { readonly value: string; readonly bare: boolean }) {
  const { t, f } = useText();
  const [open, setOpen] = useState(false);
  const shown = open || value.length <= LONG_TEXT ? value : value.slice(0, LONG_TEXT);
  return (
    <>
      <span className="s">
        {bare ? '' : '"'}
        {shown}
        {bare || shown !== value ? '' : '"'}
      </span>
      {shown === value ? null : (
        <button type="button" className="link" onClick={() => setOpen(true)}>
          … {t('json.more', { n: f.int(value.length - LONG_TEXT) })}
        </button>
      )}
    </>
  );
}

function Entries({ value, depth }: { readonly value: object; readonly depth: number }) {
  const { t, f } = useText();
  const [all, setAll] = useState(false);
  const entries = Object.entries(value);
  const shown = all ? entries : entries.slice(0, FIRST_ITEMS);
  const list = Array.isArray(value);
  return (
    <div className="in">
      {shown.map(([key, one]) => (
        <div key={key}>
          {list ? null : <span className="k">{key}: </span>}
          <Value value={one} depth={depth + 1} />
        </div>
      ))}
      {shown.length === entries.length ? null : (
        <button type="button" className="link" onClick={() => setAll(true)}>
          {t('json.rest', { n: f.int(entries.length - shown.length) })}
        </button>
      )}
    </div>
  );
}

function Value({ value, depth }: { readonly value: unknown; readonly depth: number }) {
  const { t } = useText();
  const [open, setOpen] = useState(depth < OPEN_DEPTH);
  if (typeof value === 'string') return <LongText value={value} bare={false} />;
  if (!isRecord(value) && !Array.isArray(value)) {
    return <span className={value === null ? 'z' : 'n'}>{JSON.stringify(value) ?? 'null'}</span>;
  }
  const count = Object.keys(value).length;
  const [begin, end] = Array.isArray(value) ? ['[', ']'] : ['{', '}'];
  if (count === 0) return <span className="z">{`${begin}${end}`}</span>;
  return (
    <>
      <button
        type="button"
        className={open ? 'fold open' : 'fold shut'}
        aria-expanded={open}
        onClick={() => setOpen(!open)}
      >
        {open ? begin : `${begin} ${t('json.items', { n: count })} ${end}`}
      </button>
      {open ? (
        <>
          <Entries value={value} depth={depth} />
          <span>{end}</span>
        </>
      ) : null}
    </>
  );
}

/** Any value under its title: text as text, the rest as a tree that folds; copied whole. */
export function JsonView({ title, value }: { readonly title: string; readonly value: unknown }) {
  return (
    <div className="jv">
      <div className="jh">
        <h3>{title}</h3>
        <CopyButton text={textOf(value)} />
      </div>
      <div className="jb mono" tabIndex={0} role="region" aria-label={title}>
        {typeof value === 'string' ? <LongText value={value} bare /> : <Value value={value} depth={0} />}
      </div>
    </div>
  );
}
