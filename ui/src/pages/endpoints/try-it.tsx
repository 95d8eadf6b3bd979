import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { addresses } from '../../api/addresses.ts';
import { commands } from '../../api/commands.ts';
import type { EndpointDetail } from '../../api/types.ts';
import { useText } from '../../i18n/use-text.tsx';
import { CopyButton } from '../../parts/command-line.tsx';
import { Go } from '../../parts/go.tsx';
import { Section } from '../../parts/section.tsx';
import { Failed } from '../../parts/states.tsx';
import { rowAnswers } from './answers.ts';
import type { Row } from './playground-fields.ts';
import { roleOf } from './roles.ts';

function parseRow(text: string): Row | string {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Row) : 'not an object';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

const pretty = (value: unknown): string =>
  JSON.stringify(value, null, 1).replace(
    /\[\n\s+([^\]{]*?)\n\s*\]/g,
    (_, inner: string) => `[${inner.replace(/\s*\n\s*/g, ' ')}]`,
  );

/** One real request through the endpoint; it is logged like any other. */
export function TryIt({ project, detail }: { readonly project: string; readonly detail: EndpointDetail }) {
  const { t, tx, f } = useText();
  const client = useQueryClient();
  const { endpoint, example, signature } = detail;
  const first =
    example ??
    Object.fromEntries((signature?.inputs ?? []).map((one) => [one.name, one.datatype === 'BYTES' ? '' : 0]));
  const [text, setText] = useState(() => JSON.stringify(first, null, 1));
  const row = parseRow(text);
  const bad = typeof row === 'string' ? row : undefined;
  const send = useMutation({
    mutationFn: () =>
      typeof row === 'string' ? Promise.reject(new Error(row)) : commands.tryIt(endpoint.name, [{ ...row }]),
    onSettled: () => void client.invalidateQueries({ queryKey: ['endpoints', endpoint.name] }),
  });
  const answer = send.data;
  const score = answer === undefined ? undefined : rowAnswers(answer, 1)[0]?.score;
  return (
    <Section
      title={t('try.title')}
      sub={example === undefined ? t('try.noexample') : t('try.sub')}
      right={
        <>
          {answer === undefined ? null : (
            <CopyButton
              label={t('try.curl')}
              text={`curl -s ${endpoint.restUrl} -H 'content-type: application/json' -d '${JSON.stringify(answer.request).replaceAll("'", String.raw`'\''`)}'`}
            />
          )}
          <Go to={addresses.playground(project, endpoint.name)}>{t('endpoint.try.page')}</Go>
        </>
      }
    >
      <div className="code try">
        <div>
          <textarea
            aria-label={t('try.row')}
            aria-invalid={bad !== undefined}
            spellCheck={false}
            value={text}
            onChange={(event) => setText(event.target.value)}
            onKeyDown={(event) => {
              if (event.key === 'Enter' && (event.metaKey || event.ctrlKey) && bad === undefined) send.mutate();
            }}
          />
          {bad === undefined ? null : <div className="c-fail meta">{t('try.bad', { message: bad })}</div>}
        </div>
        <div aria-live="polite">
          {send.isError ? <Failed error={send.error} what={t('try.title')} /> : null}
          {answer === undefined ? null : (
            <pre className="mut">
              200 OK · {f.num(answer.latencyMs, 1)} ms{'\n'}
              {pretty(answer.response)}
            </pre>
          )}
        </div>
        <div>
          {answer === undefined ? null : (
            <>
              <div className="micro">
                {tx('try.answers', {
                  v: <span className={`c-${roleOf(endpoint, answer.version)}`}>v{answer.version}</span>,
                })}
              </div>
              <div className="figure-big">{score === undefined ? t('unknown') : f.num(score, 3)}</div>
              <div className="mut">{t('try.in', { time: f.duration(answer.latencyMs) })}</div>
            </>
          )}
          <button
            type="button"
            className="btn sm"
            onClick={() => send.mutate()}
            disabled={bad !== undefined || send.isPending}
          >
            {t(answer === undefined ? 'try.send' : 'try.again')} <kbd>⌘ ↵</kbd>
          </button>
        </div>
      </div>
    </Section>
  );
}
