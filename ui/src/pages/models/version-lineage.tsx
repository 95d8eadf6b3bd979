import { useQuery } from '@tanstack/react-query';
import { addresses } from '../../api/addresses.ts';
import { queries } from '../../api/queries.ts';
import { LineageChart } from '../../charts/lineage-chart.tsx';
import { useText } from '../../i18n/use-text.tsx';
import { useKeys } from '../../keys/use-keys.ts';
import { Go, useGo } from '../../parts/go.tsx';
import { Section } from '../../parts/section.tsx';
import { Loaded } from '../../parts/states.tsx';

/** Two steps to either side of the version; the page has the rest. */
export function VersionLineage({ model, number }: { readonly model: string; readonly number: number }) {
  const { t } = useText();
  const go = useGo();
  const node = `version:${model}/${number}`;
  const query = useQuery(queries.lineage(node, 'both', 3));
  useKeys([
    {
      keys: 'l',
      label: t('nav.lineage'),
      run: () => go(addresses.lineage(node)),
      command: `mw lineage ${model}/${number}`,
    },
  ]);
  return (
    <Section
      title={t('nav.lineage')}
      sub={t('version.lineage.sub')}
      right={
        <Go to={addresses.lineage(node)}>
          {t('version.lineage.all')} <kbd>L</kbd>
        </Go>
      }
    >
      <Loaded query={query} what={t('nav.lineage')} rows={3}>
        {(graph) => (
          <LineageChart
            key={graph.focus}
            small
            graph={graph}
            label={t('lineage.graph')}
            onFocus={(id) => go(addresses.lineage(id))}
          />
        )}
      </Loaded>
    </Section>
  );
}
