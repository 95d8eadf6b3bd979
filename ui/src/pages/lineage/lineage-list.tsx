import { useMemo } from 'react';
import { addresses } from '../../api/addresses.ts';
import type { LineageGraph, LineageNode } from '../../api/types.ts';
import { KindMark } from '../../charts/lineage-shapes.tsx';
import { distances } from '../../charts/lineage-view.ts';
import { linkWords } from '../../charts/lineage-words.ts';
import { useText } from '../../i18n/use-text.tsx';
import { Go } from '../../parts/go.tsx';
import { VirtualRows } from '../../parts/virtual-rows.tsx';

interface Line {
  readonly node: LineageNode;
  readonly distance: number;
  /** How it hangs on what is one step nearer to the focus. */
  readonly via: string;
}

/** The same graph as lines, from the first cause to the last effect: for screen readers, narrow screens and searching. */
export function LineageList({ graph }: { readonly graph: LineageGraph }) {
  const { t, f } = useText();
  const lines = useMemo((): readonly Line[] => {
    const steps = distances(graph);
    const names = new Map(graph.nodes.map((one) => [one.id, one.label]));
    return graph.nodes
      .map((node) => {
        const distance = steps.get(node.id) ?? 0;
        const links = graph.edges.flatMap((edge) => {
          const other = edge.from === node.id ? edge.to : edge.to === node.id ? edge.from : undefined;
          if (other === undefined || Math.abs(steps.get(other) ?? 0) >= Math.abs(distance)) return [];
          const words = linkWords([edge.kind], t);
          return [
            edge.from === node.id
              ? `${words} → ${names.get(other) ?? other}`
              : `${names.get(other) ?? other} → ${words}`,
          ];
        });
        return { node, distance, via: links.slice(0, 2).join(' · ') };
      })
      .toSorted((a, b) => a.distance - b.distance || (a.node.at ?? 0) - (b.node.at ?? 0));
  }, [graph, t]);
  const place = (distance: number): string =>
    distance === 0
      ? t('lineage.focus')
      : distance < 0
        ? t('lineage.before', { n: -distance })
        : t('lineage.after', { n: distance });
  return (
    <VirtualRows
      label={t('lineage.list')}
      rows={lines}
      rowKey={(one) => one.node.id}
      selected={(one) => one.distance === 0}
      to={(one) => addresses.lineage(one.node.id)}
      most="calc(100vh - 300px)"
      columns={[
        {
          key: 'place',
          head: t('lineage.place'),
          width: '104px',
          render: (one) => <span className="mut">{place(one.distance)}</span>,
        },
        {
          key: 'kind',
          head: t('lineage.kind'),
          width: '128px',
          wide: true,
          order: (one) => one.node.kind,
          render: (one) => (
            <span className="st">
              <KindMark kind={one.node.kind} />
              {t(`lineage.kind.${one.node.kind}`)}
            </span>
          ),
        },
        {
          key: 'name',
          head: t('lineage.name'),
          width: 'minmax(150px, 1fr)',
          order: (one) => one.node.label,
          render: (one) => (
            <b>
              <Go to={addresses.lineage(one.node.id)}>{one.node.label}</Go>
            </b>
          ),
        },
        {
          key: 'via',
          head: t('lineage.via'),
          width: 'minmax(160px, 1.4fr)',
          wide: true,
          render: (one) => <span className="mut">{one.via}</span>,
        },
        {
          key: 'at',
          head: t('lineage.when'),
          width: '96px',
          num: true,
          wide: true,
          render: (one) => <span className="dim">{one.node.at === undefined ? '' : f.when(one.node.at)}</span>,
        },
        {
          key: 'open',
          head: <span className="sr">{t('keys.open')}</span>,
          width: '64px',
          num: true,
          render: (one) =>
            one.node.href === undefined ? (
              ''
            ) : (
              <Go to={one.node.href} label={`${t('keys.open')} ${one.node.label}`}>
                {t('keys.open')}
              </Go>
            ),
        },
      ]}
    />
  );
}
