import { useQuery } from '@tanstack/react-query';
import { useRouter } from '@tanstack/react-router';
import { useState } from 'react';
import { addresses } from '../../api/addresses.ts';
import { queries } from '../../api/queries.ts';
import type { LineageGraph, LineageNode } from '../../api/types.ts';
import { LineageChart } from '../../charts/lineage-chart.tsx';
import { KindMark } from '../../charts/lineage-shapes.tsx';
import { reached } from '../../charts/lineage-view.ts';
import { linkWords } from '../../charts/lineage-words.ts';
import { useText } from '../../i18n/use-text.tsx';
import { useKeys } from '../../keys/use-keys.ts';
import { Facts } from '../../parts/facts.tsx';
import { Go, useGo } from '../../parts/go.tsx';
import { PageHead } from '../../parts/page-head.tsx';
import { Section } from '../../parts/section.tsx';
import { Empty, Failed, Waiting } from '../../parts/states.tsx';
import { usePhone } from '../../parts/use-phone.ts';
import { addressOf, type LineageSearchState } from './lineage-address.ts';
import { LineageList } from './lineage-list.tsx';
import { LineageSearch } from './lineage-search.tsx';
import '../../design/records.css';

function Neighbours({ graph, side }: { readonly graph: LineageGraph; readonly side: 'causes' | 'effects' }) {
  const { t } = useText();
  const nodes = new Map(graph.nodes.map((one) => [one.id, one]));
  const links = graph.edges.filter((edge) => (side === 'causes' ? edge.to : edge.from) === graph.focus);
  const SHOWN = 12;
  return (
    <section>
      <h3>
        {t(side === 'causes' ? 'lineage.causes' : 'lineage.effects')} <span className="meta">{links.length}</span>
      </h3>
      {links.length === 0 ? (
        <p className="mut">{t(side === 'causes' ? 'lineage.causes.none' : 'lineage.effects.none')}</p>
      ) : (
        <ul className="neigh">
          {links.slice(0, SHOWN).map((edge) => {
            const node = nodes.get(side === 'causes' ? edge.from : edge.to);
            return node === undefined ? null : (
              <li key={`${edge.from} ${edge.to} ${edge.kind}`}>
                <KindMark kind={node.kind} />
                <span>
                  <Go to={addresses.lineage(node.id)}>{node.label}</Go>{' '}
                  <span className="meta">
                    {t(`lineage.kind.${node.kind}`)} · {linkWords([edge.kind], t)}
                  </span>
                </span>
              </li>
            );
          })}
          {links.length > SHOWN ? <li className="meta">{t('more.n', { n: links.length - SHOWN })}</li> : null}
        </ul>
      )}
    </section>
  );
}

/** What the focus is, where its page is, and what stands right beside it. */
function Side({ graph, focus }: { readonly graph: LineageGraph; readonly focus: LineageNode }) {
  const { t, f } = useText();
  return (
    <aside className="linside">
      <section aria-label={focus.label}>
        <div className="sidename">
          <span className="st">
            <KindMark kind={focus.kind} />
            <b>{focus.label}</b>
          </span>
          {focus.href === undefined ? null : (
            <Go className="btn sm" to={focus.href}>
              {t('keys.open')} <kbd>O</kbd>
            </Go>
          )}
        </div>
        <Facts
          rows={[
            [t('lineage.kind'), t(`lineage.kind.${focus.kind}`)],
            ...(focus.at === undefined ? [] : [[t('lineage.when'), f.full(focus.at)] as const]),
            ...Object.entries(focus.facts).map(([name, value]) => [name, value] as const),
            [t('lineage.node'), <code key="id">{focus.id}</code>] as const,
          ]}
        />
      </section>
      <Neighbours graph={graph} side="causes" />
      <Neighbours graph={graph} side="effects" />
    </aside>
  );
}

/** Below this, what is not shown lies further away; above it, there was too much. */
const MANY = 150;

function Shown({
  graph,
  search,
  set,
}: {
  readonly graph: LineageGraph;
  readonly search: LineageSearchState;
  readonly set: (change: Partial<LineageSearchState>) => void;
}) {
  const { t, tx } = useText();
  const go = useGo();
  const phone = usePhone();
  const { up, down } = reached(graph);
  const [picked, setPicked] = useState(false);
  const pick = (id: string): void => {
    if (id === graph.focus) return;
    setPicked(true);
    go(addressOf({ ...search, node: id }));
  };
  const focus = graph.nodes.find((one) => one.id === graph.focus);
  const asList = search.view === 'list' || (search.view === '' && phone);
  useKeys([
    { keys: 'v', label: t('lineage.switch'), run: () => set({ view: asList ? 'graph' : 'list' }) },
    ...(focus?.href === undefined ? [] : [{ keys: 'o', label: t('keys.open'), run: () => go(focus.href ?? '/') }]),
  ]);
  const name = <b>{focus?.label ?? graph.focus}</b>;
  return (
    <>
      <PageHead
        title={`${focus?.label ?? graph.focus} · ${t('nav.lineage')}`}
        answer={
          search.dir === 'up'
            ? tx('lineage.answer.up', { name, up })
            : search.dir === 'down'
              ? tx('lineage.answer.down', { name, down })
              : tx('lineage.answer', { name, up, down })
        }
        lede={
          graph.truncated
            ? graph.nodes.length < MANY
              ? t('lineage.further', { n: search.depth })
              : t('lineage.truncated', { n: graph.nodes.length })
            : undefined
        }
      />
      <div className="lintools">
        <LineageSearch onPick={(node) => go(addressOf({ ...search, node }))} />
        <div className="tabs" role="group" aria-label={t('lineage.direction')}>
          {(['both', 'up', 'down'] as const).map((dir) => (
            <button key={dir} type="button" aria-pressed={search.dir === dir} onClick={() => set({ dir })}>
              {t(`lineage.dir.${dir}`)}
            </button>
          ))}
        </div>
        <label className="st">
          <span className="meta">{t('lineage.depth')}</span>
          <select className="inp" value={search.depth} onChange={(event) => set({ depth: Number(event.target.value) })}>
            {[...new Set([1, 2, 3, 4, 6, 10, 20, search.depth])]
              .toSorted((a, b) => a - b)
              .map((n) => (
                <option key={n}>{n}</option>
              ))}
          </select>
        </label>
        <div className="tabs r" role="group" aria-label={t('lineage.switch')}>
          <button type="button" aria-pressed={!asList} onClick={() => set({ view: 'graph' })}>
            {t('lineage.graph.short')}
          </button>
          <button type="button" aria-pressed={asList} onClick={() => set({ view: 'list' })}>
            {t('lineage.list.short')} <kbd>V</kbd>
          </button>
        </div>
      </div>
      <Section
        first
        title={t('lineage.title')}
        sub={asList ? t('lineage.list.sub') : t('lineage.sub', { n: graph.nodes.length })}
      >
        {asList ? (
          <LineageList graph={graph} />
        ) : (
          <LineageChart key={graph.focus} takeFocus={picked} graph={graph} label={t('lineage.graph')} onFocus={pick} />
        )}
      </Section>
      {focus === undefined ? null : <Side graph={graph} focus={focus} />}
    </>
  );
}

/** What led to a thing and what it led to: one graph in both directions. */
export function LineagePage({ search }: { readonly search: LineageSearchState }) {
  const { t } = useText();
  const go = useGo();
  const router = useRouter();
  const models = useQuery({ ...queries.models(), enabled: search.node === '' });
  // Nothing asked: the champion of the newest model is the likeliest question.
  const first = models.data?.models.find((one) => one.aliases['champion'] !== undefined) ?? models.data?.models[0];
  const number = first?.aliases['champion'] ?? first?.latest?.number;
  const node =
    search.node === '' && first !== undefined && number !== undefined ? `version:${first.name}/${number}` : search.node;
  const query = useQuery({ ...queries.lineage(node, search.dir, search.depth), enabled: node !== '' });
  const set = (change: Partial<LineageSearchState>): void =>
    router.history.replace(addressOf({ ...search, node, ...change }));
  if (query.data !== undefined && !query.isError)
    return <Shown graph={query.data} search={{ ...search, node }} set={set} />;
  const nothing = node === '' && !models.isPending;
  return (
    <>
      <PageHead
        title={t('nav.lineage')}
        answer={
          nothing || query.isError ? (
            t('lineage.ask')
          ) : (
            <span className="dim">{t('waiting.reads', { what: t('nav.lineage') })}</span>
          )
        }
      />
      <div className="lintools">
        <LineageSearch onPick={(next) => go(addressOf({ ...search, node: next }))} />
      </div>
      <Section first title={t('lineage.title')}>
        {query.isError ? (
          <Failed error={query.error} what={node} retry={() => void query.refetch()} />
        ) : nothing ? (
          <Empty title={t('lineage.none')} text={t('lineage.none.text')} command="mw run" />
        ) : (
          <Waiting what={t('nav.lineage')} rows={5} />
        )}
      </Section>
    </>
  );
}
