import { memo } from 'react';
import { addresses } from '../../api/addresses.ts';
import type { TraceDetail } from '../../api/trace-queries.ts';
import { useText } from '../../i18n/use-text.tsx';
import { Facts } from '../../parts/facts.tsx';
import { Go } from '../../parts/go.tsx';
import { Section } from '../../parts/section.tsx';
import { StatusMark } from '../../parts/status-mark.tsx';

const valueText = (value: unknown): string => (typeof value === 'string' ? value : (JSON.stringify(value) ?? ''));

/** What people, judges and code said of the trace. Memoized like what stands beside it: a key in the tree changes neither. */
export const TraceSaid = memo(function TraceSaid({
  detail,
  onSelect,
}: {
  readonly detail: TraceDetail;
  readonly onSelect: (span: string) => void;
}) {
  const { t, f } = useText();
  const names = new Map(detail.spans.map((span) => [span.id, span.name]));
  return (
    <Section title={t('trace.said')}>
      {detail.assessments.length === 0 ? (
        <p className="meta">{t('trace.said.none')}</p>
      ) : (
        <ul className="saidlist">
          {detail.assessments.map((one) => (
            <li key={one.id} className={one.valid ? undefined : 'dim'}>
              <StatusMark kind={one.error !== undefined ? 'failed' : one.source === 'HUMAN' ? 'person' : 'self'} />
              <div>
                <b>{one.name}</b> <span className="mono">{one.error ?? valueText(one.value).slice(0, 400)}</span>
                {one.valid ? null : <span className="ty">{t('trace.said.replaced')}</span>}
                {one.rationale === undefined ? null : <p>{one.rationale.slice(0, 1000)}</p>}
                <div className="meta">
                  {t(`trace.said.${one.kind}`)} · {t('trace.said.by', { by: one.by, source: one.source })} ·{' '}
                  {f.when(one.createdAt)}
                  {one.spanId === undefined || !names.has(one.spanId) ? null : (
                    <>
                      {' · '}
                      <button type="button" className="link" onClick={() => onSelect(one.spanId ?? '')}>
                        {names.get(one.spanId)}
                      </button>
                    </>
                  )}
                </div>
              </div>
            </li>
          ))}
        </ul>
      )}
    </Section>
  );
});

export const TraceAbout = memo(function TraceAbout({ detail }: { readonly detail: TraceDetail }) {
  const { t, f } = useText();
  const { trace, metadata } = detail;
  const shown = Object.entries(metadata).filter(([key]) => !key.startsWith('mlflow.'));
  const fact = (term: string, value: string | undefined) => (value === undefined ? [] : [[term, value] as const]);
  return (
    <Section title={t('trace.about')}>
      <Facts
        rows={[
          [t('trace.id'), <code key="id">{trace.id}</code>],
          [
            t('traces.experiment'),
            <Go key="e" to={`${addresses.traces()}?exp=${encodeURIComponent(trace.experiment)}`}>
              {trace.experiment}
            </Go>,
          ],
          [t('trace.began'), f.full(trace.requestTime)],
          ...(trace.runId === undefined
            ? []
            : [
                [
                  t('trace.run'),
                  <Go key="r" to={addresses.run('-', trace.runId)}>
                    <code>{trace.runId.slice(0, 12)}</code>
                  </Go>,
                ] as const,
              ]),
          ...fact(t('trace.session'), trace.session),
          ...fact(t('trace.user'), trace.user),
          ...fact(
            t('traces.tokens'),
            trace.tokens === undefined
              ? undefined
              : `${f.int(trace.tokens.input)} + ${f.int(trace.tokens.output)} = ${f.int(trace.tokens.total)}`,
          ),
          ...fact(t('traces.cost'), trace.cost === undefined ? undefined : f.num(trace.cost, 4)),
          ...(Object.keys(trace.tags).length === 0
            ? []
            : [
                [
                  t('traces.tags'),
                  <span key="tags" className="mono">
                    {Object.entries(trace.tags)
                      .map(([key, value]) => `${key}=${value}`)
                      .join('  ')}
                  </span>,
                ] as const,
              ]),
          ...(shown.length === 0
            ? []
            : [
                [
                  t('trace.metadata'),
                  <span key="metadata" className="mono">
                    {shown.map(([key, value]) => `${key}=${value}`).join('  ')}
                  </span>,
                ] as const,
              ]),
        ]}
      />
    </Section>
  );
});
