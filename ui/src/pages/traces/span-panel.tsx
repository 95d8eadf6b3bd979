import { useQuery } from '@tanstack/react-query';
import { memo } from 'react';
import { addresses } from '../../api/addresses.ts';
import { traceQueries, type SpanDetail } from '../../api/trace-queries.ts';
import { useText } from '../../i18n/use-text.tsx';
import { Facts } from '../../parts/facts.tsx';
import { Go } from '../../parts/go.tsx';
import { Loaded } from '../../parts/states.tsx';
import { Status } from '../../parts/status.tsx';
import { took } from './durations.ts';
import { JsonView } from './json-view.tsx';
import type { SpanNode, SpanTree } from './span-tree.ts';

const isEmpty = (value: object): boolean => Object.keys(value).length === 0;

function Said({ span }: { readonly span: SpanDetail }) {
  const { t, f } = useText();
  const nothing =
    span.inputs === undefined &&
    span.outputs === undefined &&
    isEmpty(span.attributes) &&
    span.events.length === 0 &&
    span.links.length === 0;
  return (
    <>
      {span.statusMessage === '' ? null : (
        <p className={span.status === 'ERROR' ? 'spanerr' : 'mut'}>{span.statusMessage.slice(0, 2000)}</p>
      )}
      {nothing ? <p className="meta">{t('span.nothing')}</p> : null}
      {span.inputs === undefined ? null : <JsonView title={t('span.inputs')} value={span.inputs} />}
      {span.outputs === undefined ? null : <JsonView title={t('span.outputs')} value={span.outputs} />}
      {isEmpty(span.attributes) ? null : <JsonView title={t('span.attributes')} value={span.attributes} />}
      {span.events.length === 0 ? null : (
        <div className="jv">
          <div className="jh">
            <h3>{t('span.events')}</h3>
          </div>
          {span.events.map((event, i) => (
            <JsonView
              key={i}
              title={`${event.name} · ${t('span.at', { time: took(Math.max(0, event.atUs), f) })}`}
              value={event.attributes}
            />
          ))}
        </div>
      )}
      {span.links.length === 0 ? null : (
        <div className="jv">
          <div className="jh">
            <h3>{t('span.links')}</h3>
          </div>
          <ul className="links">
            {span.links.map((link) => (
              <li key={`${link.traceId}${link.spanId}`} className="mono">
                <Go to={addresses.trace(`tr-${link.traceId}`, link.spanId)}>
                  {link.traceId.slice(0, 8)}…/{link.spanId}
                </Go>
              </li>
            ))}
          </ul>
        </div>
      )}
    </>
  );
}

/** One span: its times, what went in and out, what it said. */
export const SpanPanel = memo(function SpanPanel({
  trace,
  node,
  tree,
}: {
  readonly trace: string;
  readonly node: SpanNode;
  readonly tree: SpanTree;
}) {
  const { t, f } = useText();
  const { span } = node;
  const query = useQuery(traceQueries.span(trace, span.id, span.durationUs === undefined));
  return (
    <aside className="spanpanel" aria-label={span.name}>
      <div className="sech">
        <h2>{span.name}</h2>
        {span.type === 'UNKNOWN' ? null : <span className="ty">{span.type}</span>}
        <span className="r">
          {span.status === 'ERROR' ? (
            <Status kind="failed" />
          ) : span.durationUs === undefined ? (
            <Status kind="running" />
          ) : null}
        </span>
      </div>
      <Facts
        rows={[
          [t('span.took'), span.durationUs === undefined ? t('span.running') : took(span.durationUs, f)],
          [t('span.after'), took(span.startUs, f)],
          ...(node.waited > 0
            ? [
                [
                  t('span.waited'),
                  t('span.waited.fact', { time: took(node.waited, f), share: f.pct(node.waited / tree.total) }),
                ] as const,
              ]
            : []),
          ...(span.tokens === undefined ? [] : [[t('traces.tokens'), f.int(span.tokens)] as const]),
          [t('span.id'), <code key="id">{span.id}</code>],
        ]}
      />
      <Loaded query={query} what={span.name} rows={3}>
        {(detail) => (detail.id === span.id ? <Said span={detail} /> : <div aria-busy="true" />)}
      </Loaded>
    </aside>
  );
});
