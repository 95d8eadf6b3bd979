import { useState } from 'react';
import type { Run } from '../../api/types.ts';
import { useText } from '../../i18n/use-text.tsx';
import { Facts } from '../../parts/facts.tsx';
import { Section } from '../../parts/section.tsx';
import { InPlace } from './in-place.tsx';
import { useTagRun } from './use-tag-run.ts';

const MOST = 40;
const MOST_SHOWN = 160;
const MOST_KEY = 250;
const MOST_VALUE = 8000;

const byKey = ([a]: readonly [string, string], [b]: readonly [string, string]): number => a.localeCompare(b);
const cut = (value: string): string => (value.length > MOST_SHOWN ? `${value.slice(0, MOST_SHOWN)}…` : value);

function AddTag({ tag }: { readonly tag: ReturnType<typeof useTagRun> }) {
  const { t } = useText();
  const add = async (form: HTMLFormElement): Promise<void> => {
    const data = new FormData(form);
    const [key, value] = [data.get('key'), data.get('value')];
    if (typeof key !== 'string' || key.trim() === '' || typeof value !== 'string') return;
    if (await tag(key.trim(), value.trim())) form.reset();
  };
  return (
    <form
      className="inline tagadd"
      onSubmit={(event) => {
        event.preventDefault();
        void add(event.currentTarget);
      }}
    >
      <input
        className="box"
        name="key"
        required
        maxLength={MOST_KEY}
        aria-label={t('bulk.tag.key')}
        placeholder={t('bulk.tag.key')}
        spellCheck={false}
        autoComplete="off"
      />
      <input
        className="box"
        name="value"
        maxLength={MOST_VALUE}
        aria-label={t('bulk.tag.value')}
        placeholder={t('bulk.tag.value')}
        spellCheck={false}
        autoComplete="off"
      />
      <button type="submit" className="btn sm">
        {t('run.tag.add')}
      </button>
    </form>
  );
}

/** Tags of people can be added, written over and taken away; those of the client that logged are folded and only read. */
export function RunTags({ run }: { readonly run: Run }) {
  const { t } = useText();
  const tag = useTagRun(run);
  const [editing, setEditing] = useState<string>();
  const all = Object.entries(run.tags);
  const mine = all.filter(([key]) => !key.startsWith('mlflow.')).toSorted(byKey);
  const theirs = all.filter(([key]) => key.startsWith('mlflow.')).toSorted(byKey);
  const frozen = run.deletedAt !== undefined;
  return (
    <Section title={t('run.tags')} sub={all.length}>
      {mine.length === 0 ? <p className="mut">{t('none')}</p> : null}
      <ul className="tagrows">
        {mine.slice(0, MOST).map(([key, value]) => (
          <li key={key}>
            <span className="k">{key}</span>
            {frozen ? (
              <span>{cut(value)}</span>
            ) : editing === key ? (
              <InPlace
                value={value}
                label={t('run.tag.value', { key })}
                maxLength={MOST_VALUE}
                onSave={(next) => void tag(key, next)}
                onClose={() => setEditing(undefined)}
              />
            ) : (
              <button
                type="button"
                className="rename"
                title={t('run.tag.edit', { key })}
                aria-label={t('run.tag.edit.label', { key, value: cut(value) })}
                onClick={() => setEditing(key)}
              >
                {value === '' ? '—' : cut(value)}
              </button>
            )}
            {frozen ? null : (
              <button
                type="button"
                className="btn sm quiet"
                aria-label={t('run.tag.remove', { key })}
                title={t('run.tag.remove', { key })}
                onClick={() => void tag(key, null)}
              >
                ×
              </button>
            )}
          </li>
        ))}
      </ul>
      {mine.length > MOST ? <p className="meta">{t('run.tags.more', { n: mine.length - MOST })}</p> : null}
      {frozen ? <p className="meta">{t('run.tags.frozen')}</p> : <AddTag tag={tag} />}
      {theirs.length === 0 ? null : (
        <details>
          <summary className="meta">{t('run.tags.mlflow', { n: theirs.length })}</summary>
          <Facts
            rows={theirs.slice(0, MOST).map(([key, value]) => [key.slice('mlflow.'.length), cut(value)] as const)}
          />
        </details>
      )}
    </Section>
  );
}
