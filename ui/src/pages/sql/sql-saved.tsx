import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { commands } from '../../api/commands.ts';
import { queries } from '../../api/queries.ts';
import { useText } from '../../i18n/use-text.tsx';
import { Section } from '../../parts/section.tsx';
import { useToast } from '../../parts/toasts.tsx';

const PLACE = 'sql';
const first = (sql: string): string => sql.replaceAll(/\s+/g, ' ').trim().slice(0, 120);

/** Queries that the team keeps, those that this browser ran, and examples to begin with. */
export function SqlSaved({
  sql,
  history,
  onPick,
}: {
  readonly sql: string;
  readonly history: readonly string[];
  readonly onPick: (sql: string) => void;
}) {
  const { t, f } = useText();
  const toast = useToast();
  const client = useQueryClient();
  const [name, setName] = useState('');
  const views = useQuery(queries.views(PLACE)).data?.views ?? [];
  const examples = useQuery(queries.sqlTables()).data?.examples ?? [];
  const refresh = (): void => void client.invalidateQueries({ queryKey: ['views', PLACE] });
  const save = useMutation({
    mutationFn: (view: { readonly name: string; readonly state: string }) =>
      commands.saveView(PLACE, view.name, view.state),
    onSuccess: (_, view) => {
      setName('');
      toast({ text: t('sql.saved', { name: view.name }) });
    },
    onError: (error) => toast({ text: error.message, failed: true }),
    onSettled: refresh,
  });
  const forget = useMutation({
    mutationFn: (view: (typeof views)[number]) => commands.deleteView(view.id),
    onSuccess: (_, view) =>
      toast({
        text: t('sql.forgotten', { name: view.name }),
        undo: () => save.mutate({ name: view.name, state: view.state }),
      }),
    onError: (error) => toast({ text: error.message, failed: true }),
    onSettled: refresh,
  });
  return (
    <>
      <Section title={t('sql.keep')} sub={views.length}>
        <form
          className="row"
          onSubmit={(event) => {
            event.preventDefault();
            if (name.trim() !== '' && sql.trim() !== '') save.mutate({ name: name.trim(), state: sql });
          }}
        >
          <input
            className="inp"
            value={name}
            maxLength={100}
            placeholder={t('sql.keep.name')}
            aria-label={t('sql.keep.name')}
            onChange={(event) => setName(event.target.value)}
          />
          <button
            type="submit"
            className="btn sm"
            disabled={name.trim() === '' || sql.trim() === '' || sql.length > 8000 || save.isPending}
          >
            {t('sql.keep.do')}
          </button>
        </form>
        <ul className="saved">
          {views
            .toSorted((a, b) => a.name.localeCompare(b.name))
            .map((view) => (
              <li key={view.id}>
                <button type="button" className="link" title={view.state} onClick={() => onPick(view.state)}>
                  {view.name}
                </button>
                <span className="meta">{f.when(view.createdAt)}</span>
                <button
                  type="button"
                  className="btn sm quiet"
                  aria-label={t('sql.forget', { name: view.name })}
                  onClick={() => forget.mutate(view)}
                >
                  ×
                </button>
              </li>
            ))}
        </ul>
      </Section>
      <Section title={t('sql.examples')}>
        <ul className="saved">
          {examples.map((one) => (
            <li key={one.title}>
              <button type="button" className="link" title={one.sql} onClick={() => onPick(one.sql)}>
                {one.title}
              </button>
            </li>
          ))}
        </ul>
      </Section>
      {history.length === 0 ? null : (
        <Section title={t('sql.history')} sub={t('sql.history.sub')}>
          <ul className="saved mono">
            {history.slice(0, 12).map((one) => (
              <li key={one}>
                <button type="button" className="link" title={one} onClick={() => onPick(one)}>
                  {first(one)}
                </button>
              </li>
            ))}
          </ul>
        </Section>
      )}
    </>
  );
}
