import { useEffect, useState, type ReactNode } from 'react';
import type { UseQueryResult } from '@tanstack/react-query';
import { ApiProblem } from '../api/problem.ts';
import { useText } from '../i18n/use-text.tsx';
import { CommandLine, CopyButton } from './command-line.tsx';
import { StatusMark } from './status-mark.tsx';

/** What will be here, why not yet, and one command. */
export function Empty({
  title,
  text,
  command,
}: {
  readonly title: string;
  readonly text?: ReactNode;
  readonly command?: string;
}) {
  return (
    <div className="empty">
      <b>{title}</b>
      {text === undefined ? null : <p>{text}</p>}
      {command === undefined ? null : <CommandLine command={command} />}
    </div>
  );
}

/** Nothing for 200 ms, then rows in their final place, then what is being read. */
export function Waiting({ rows = 4, what }: { readonly rows?: number; readonly what: string }) {
  const { t } = useText();
  const [stage, setStage] = useState(0);
  useEffect(() => {
    const timers = [200, 2000].map((ms, i) => setTimeout(() => setStage(i + 1), ms));
    return () => timers.forEach(clearTimeout);
  }, []);
  return (
    <div aria-busy="true">
      {stage === 0
        ? null
        : Array.from({ length: rows }, (_, i) => (
            <div className="sk" key={i}>
              <i />
              <i />
              <i />
              <i />
            </div>
          ))}
      <p className="meta" role="status">
        {stage === 2 ? t('waiting.reads', { what }) : ''}
      </p>
    </div>
  );
}

export function Failed({
  error,
  what,
  retry,
}: {
  readonly error: unknown;
  readonly what: string;
  readonly retry?: () => void;
}) {
  const { t } = useText();
  const problem = error instanceof ApiProblem ? error : undefined;
  return (
    <div className="failed" role="alert">
      <StatusMark kind="failed" />
      <div>
        <b>{t('failed.title', { what })}</b>
        <div className="mut">{error instanceof Error ? error.message : String(error)}</div>
        {problem?.where === undefined ? null : <div className="meta mono">{problem.where}</div>}
        {problem?.next === undefined ? null : <div className="meta">{problem.next}</div>}
        <div className="do">
          {retry === undefined ? null : (
            <button type="button" className="btn sm" onClick={retry}>
              {t('failed.retry')} <kbd>R</kbd>
            </button>
          )}
          <code className="dim">{problem?.code ?? 'MW-UNAVAILABLE'}</code>
          <CopyButton
            text={JSON.stringify({
              code: problem?.code,
              message: String(error),
              where: problem?.where,
            })}
            label={t('failed.details')}
          />
        </div>
      </div>
    </div>
  );
}

/** Shows data as long as there is any: a failed refresh ages it, it never takes it away. */
export function Loaded<T>({
  query,
  what,
  rows,
  children,
}: {
  readonly query: UseQueryResult<T>;
  readonly what: string;
  readonly rows?: number;
  readonly children: (data: T) => ReactNode;
}) {
  if (query.data !== undefined) return <>{children(query.data)}</>;
  if (query.isError) return <Failed error={query.error} what={what} retry={() => void query.refetch()} />;
  return <Waiting what={what} {...(rows === undefined ? {} : { rows })} />;
}
