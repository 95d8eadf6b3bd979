import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useRouter } from '@tanstack/react-router';
import { useRef, useState } from 'react';
import { addresses } from '../../api/addresses.ts';
import { ApiProblem } from '../../api/problem.ts';
import { queries } from '../../api/queries.ts';
import { useText } from '../../i18n/use-text.tsx';
import { useKeys } from '../../keys/use-keys.ts';
import { CopyButton } from '../../parts/command-line.tsx';
import { PageHead } from '../../parts/page-head.tsx';
import { Section } from '../../parts/section.tsx';
import { Waiting } from '../../parts/states.tsx';
import { StatusMark } from '../../parts/status-mark.tsx';
import { SqlEditor, type SqlEditorHandle } from './sql-editor.tsx';
import { errorPlace } from './sql-error.ts';
import { rememberSql, sqlHistory } from './sql-history.ts';
import { SqlGrid } from './sql-result.tsx';
import { SqlSaved } from './sql-saved.tsx';
import { SqlTables } from './sql-tables.tsx';
import '../../design/records.css';

function Wrong({
  error,
  sql,
  onShow,
}: {
  readonly error: Error;
  readonly sql: string;
  readonly onShow: (from: number, to: number) => void;
}) {
  const { t } = useText();
  const place = errorPlace(error, sql);
  const before = place === undefined ? '' : sql.slice(0, place.from);
  const line = before.split('\n').length;
  const column = before.length - before.lastIndexOf('\n');
  const next = error instanceof ApiProblem ? error.next : undefined;
  return (
    <div className="failed" role="alert">
      <StatusMark kind="failed" />
      <div>
        <b>{place === undefined ? t('sql.wrong') : t('sql.wrong.at', { line, column })}</b>
        <pre className="sqlmessage">{error.message}</pre>
        {next === undefined ? null : <div className="meta">{next}</div>}
        <div className="do">
          {place === undefined ? null : (
            <button type="button" className="btn sm" onClick={() => onShow(place.from, place.to)}>
              {t('sql.show')}
            </button>
          )}
          <code className="dim">{error instanceof ApiProblem ? error.code : 'MW-UNAVAILABLE'}</code>
        </div>
      </div>
    </div>
  );
}

/** A read-only query over all metadata. The address holds the query that was run. */
export function SqlPage({ query }: { readonly query: string }) {
  const { t, f } = useText();
  const router = useRouter();
  const client = useQueryClient();
  const editor = useRef<SqlEditorHandle>(null);
  const [text, setText] = useState(query);
  const [history, setHistory] = useState(sqlHistory);
  // Back and a link from elsewhere bring their own text.
  const [last, setLast] = useState(query);
  if (last !== query) {
    setLast(query);
    setText(query);
  }
  const answer = useQuery({ ...queries.sql(query), enabled: query.trim() !== '' });
  const tables = useQuery(queries.sqlTables()).data?.tables;
  const run = (sql = text): void => {
    const wanted = sql.trim();
    if (wanted === '') return;
    rememberSql(wanted);
    setHistory(sqlHistory());
    if (wanted === query) void answer.refetch();
    else router.history.push(addresses.sql(wanted));
  };
  const pick = (sql: string): void => {
    setText(sql);
    run(sql);
  };
  useKeys([
    { keys: 'r', label: t('sql.run'), run: () => run() },
    { keys: '/', label: t('sql.query'), run: () => editor.current?.select(text.length, text.length) },
  ]);
  const error = answer.error !== null && !answer.isFetching ? answer.error : undefined;
  const asked = text.trim() === query;
  // The place is counted in the text that was sent; the field may have space before it.
  const lead = text.length - text.trimStart().length;
  const place = error === undefined || !asked ? undefined : errorPlace(error, query);
  const result = answer.data;
  return (
    <>
      <PageHead
        title={t('nav.sql')}
        answer={
          query === ''
            ? t('sql.answer', { n: tables?.length ?? 0 })
            : answer.isFetching
              ? t('sql.running')
              : error !== undefined
                ? t('sql.answer.wrong')
                : result === undefined
                  ? t('sql.running')
                  : t('sql.answer.rows', { n: result.rows.length, time: f.duration(result.ms) })
        }
        lede={query === '' ? t('sql.lede') : undefined}
      />
      <div className="cols m300 sqlpage">
        <div>
          <Section
            first
            title={t('sql.query')}
            right={
              <>
                <span className="meta hide-s" id="sql-keys">
                  {t('sql.keys')}
                </span>
                <CopyButton text={`mw sql '${text.trim().replaceAll("'", `'\\''`)}'`} label={t('sql.command')} />
                <button
                  type="button"
                  className="btn sm pri"
                  disabled={text.trim() === '' || answer.isFetching}
                  onClick={() => run()}
                >
                  {t('sql.run')} <kbd>⌘ ↵</kbd>
                </button>
              </>
            }
          >
            <SqlEditor
              ref={editor}
              value={text}
              onChange={setText}
              onRun={() => run()}
              wrong={place === undefined ? undefined : { from: place.from + lead, to: place.to + lead }}
            />
          </Section>
          <Section title={t('sql.result')} sub={asked || query === '' ? undefined : t('sql.stale')}>
            {query === '' ? (
              <p className="mut">{t('sql.nothing')}</p>
            ) : answer.isFetching && result === undefined ? (
              <>
                <Waiting what={t('sql.result')} rows={5} />
                <button
                  type="button"
                  className="btn sm"
                  onClick={() => void client.cancelQueries({ queryKey: ['sql', query] })}
                >
                  {t('cancel')}
                </button>
              </>
            ) : error !== undefined ? (
              <Wrong error={error} sql={query} onShow={(from, to) => editor.current?.select(from + lead, to + lead)} />
            ) : result === undefined ? (
              <p className="mut">{t('sql.cancelled')}</p>
            ) : (
              <SqlGrid result={result} />
            )}
          </Section>
        </div>
        <aside>
          <SqlTables onInsert={(name) => editor.current?.insert(name)} />
          <SqlSaved sql={text} history={history} onPick={pick} />
        </aside>
      </div>
    </>
  );
}
