import { useQuery } from '@tanstack/react-query';
import { queries } from '../../api/queries.ts';
import { Sparkline } from '../../charts/sparkline.tsx';
import { useText } from '../../i18n/use-text.tsx';
import { familyMetric } from './family.tsx';

/** The main metric over the newest versions of a model; read when the row is seen. */
export function ModelTrend({ name }: { readonly name: string }) {
  const { t, f } = useText();
  const versions = useQuery(queries.modelTrend(name)).data?.versions ?? [];
  const metric = familyMetric(versions);
  if (metric === undefined) return <span className="dim">—</span>;
  const values = versions.map((one) => one.metrics[metric]?.value ?? null).toReversed();
  const last = values.findLast((value) => value !== null);
  return (
    <span className="trend">
      {values.filter((value) => value !== null).length < 2 ? null : (
        <Sparkline
          width={84}
          values={values}
          label={t('models.trend', { metric, n: values.length, value: f.num(last ?? 0) })}
        />
      )}
      <b>{last === undefined || last === null ? '' : f.num(last)}</b>
      <span className="dim">{metric}</span>
    </span>
  );
}

/** Share of live calls over all versions that take any. */
export function ModelLive({ name }: { readonly name: string }) {
  const live = (useQuery(queries.modelTrend(name)).data?.versions ?? []).filter((one) => one.percent > 0);
  if (live.length === 0) return <span className="dim">—</span>;
  return (
    <>
      {live.slice(0, 3).map((one, i) => (
        <span key={one.number}>
          {i === 0 ? '' : ' · '}
          <span className={one.aliases.includes('champion') ? 'c-now' : 'c-next'}>v{one.number}</span> {one.percent}%
        </span>
      ))}
    </>
  );
}
