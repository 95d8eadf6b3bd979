import { useQuery } from '@tanstack/react-query';
import { useRouter } from '@tanstack/react-router';
import { useState } from 'react';
import { addresses, numberOf } from '../../api/addresses.ts';
import { queries } from '../../api/queries.ts';
import type { ModelVersionSummary } from '../../api/types.ts';
import { useText } from '../../i18n/use-text.tsx';
import { useKeys } from '../../keys/use-keys.ts';
import { useRowKeys } from '../../keys/use-row-keys.ts';
import { Go } from '../../parts/go.tsx';
import { PageHead } from '../../parts/page-head.tsx';
import { Section } from '../../parts/section.tsx';
import { Empty } from '../../parts/states.tsx';
import { VirtualRows, type RowColumn } from '../../parts/virtual-rows.tsx';
import '../../design/records.css';
import { Page } from '../page.tsx';
import { VersionName } from '../version-name.tsx';
import { AliasHistory, Aliases } from './aliases.tsx';
import { Family, familyMetric } from './family.tsx';
import { roleOfVersion, Verdict } from './verdict.tsx';
import { VersionCompare } from './version-compare.tsx';

function useColumns(
  project: string,
  name: string,
  metric: string | undefined,
  chosen: readonly number[],
  choose: (version: number) => void,
): readonly RowColumn<ModelVersionSummary>[] {
  const { t, f } = useText();
  const estimate = (one: ModelVersionSummary) => (metric === undefined ? undefined : one.metrics[metric]);
  return [
    {
      key: 'pick',
      head: <span className="sr">{t('keys.select')}</span>,
      width: '32px',
      mark: true,
      render: (one) => (
        <input
          type="checkbox"
          checked={chosen.includes(one.number)}
          aria-label={t('compare.pick', { version: one.number })}
          onChange={() => choose(one.number)}
        />
      ),
    },
    {
      key: 'version',
      head: t('model.version'),
      width: '64px',
      order: (one) => one.number,
      render: (one) => (
        <b className={roleOfVersion(one) === 'ref' ? 'mut' : `c-${roleOfVersion(one)}`}>
          <Go to={addresses.version(project, name, one.number)}>v{one.number}</Go>
        </b>
      ),
    },
    {
      key: 'aliases',
      head: t('model.aliases'),
      width: 'minmax(96px, 1fr)',
      wide: true,
      render: (one) => (
        <span className="tags">
          {one.aliases.map((alias) => (
            <span key={alias} className={alias === 'champion' ? 'tag now' : 'tag'}>
              {alias}
            </span>
          ))}
        </span>
      ),
    },
    {
      key: 'verdict',
      head: t('models.verdict'),
      width: '108px',
      order: (one) => one.verdict,
      render: (one) => <Verdict version={one} />,
    },
    {
      key: 'gates',
      head: t('model.gates'),
      width: '56px',
      num: true,
      wide: true,
      render: (one) => (one.gatesTotal === 0 ? <span className="dim">—</span> : `${one.gatesPassed}/${one.gatesTotal}`),
    },
    ...(metric === undefined
      ? []
      : [
          {
            key: 'metric',
            head: metric,
            width: 'minmax(90px, 1.4fr)',
            num: true,
            order: (one: ModelVersionSummary) => estimate(one)?.value ?? Number.POSITIVE_INFINITY,
            render: (one: ModelVersionSummary) => {
              const value = estimate(one);
              return value === undefined ? (
                <span className="dim">{t('unknown')}</span>
              ) : (
                <>
                  <b>{f.num(value.value)}</b>
                  {value.low === undefined || value.high === undefined ? null : (
                    <span className="ci hide-s">{f.interval(value.low, value.high)}</span>
                  )}
                </>
              );
            },
          },
        ]),
    {
      key: 'live',
      head: t('model.live'),
      width: '68px',
      num: true,
      wide: true,
      order: (one) => one.percent,
      render: (one) => (one.percent === 0 ? <span className="dim">—</span> : `${one.percent}%`),
    },
    {
      key: 'run',
      head: t('pipelines.run'),
      width: '72px',
      wide: true,
      render: (one) => {
        const number = one.pipelineRunId === undefined ? undefined : numberOf(one.pipelineRunId);
        return number === undefined ? (
          ''
        ) : (
          <Go to={addresses.pipelineRun(project, number)}>{t('pipeline.name', { n: number })}</Go>
        );
      },
    },
    {
      key: 'made',
      head: t('model.made'),
      width: '84px',
      num: true,
      wide: true,
      order: (one) => one.createdAt,
      render: (one) => (
        <span className="dim" title={f.full(one.createdAt)}>
          {f.when(one.createdAt)}
        </span>
      ),
    },
  ];
}

export interface ModelSearch {
  /** Versions to compare: `3,5`. */
  readonly compare?: string | undefined;
  readonly metric?: string | undefined;
}

export function ModelPage({
  project,
  name,
  search = {},
}: {
  readonly project: string;
  readonly name: string;
  readonly search?: ModelSearch;
}) {
  const { t, tx } = useText();
  const router = useRouter();
  const query = useQuery(queries.model(name));
  const versions = query.data?.versions ?? [];
  const metric =
    search.metric !== undefined && versions.some((one) => one.metrics[search.metric ?? ''] !== undefined)
      ? search.metric
      : familyMetric(versions);
  const current = useRowKeys(versions.map((one) => addresses.version(project, name, one.number)));
  const asked = (search.compare ?? '')
    .split(',')
    .map(Number)
    .filter((one) => Number.isInteger(one) && one > 0);
  // One chosen row is not a comparison yet, so it is not in the address.
  const [single, setSingle] = useState<number>();
  const chosen = asked.length === 2 ? asked : single === undefined ? [] : [single];
  const set = (change: ModelSearch): void => {
    const all = { compare: search.compare, metric: search.metric, ...change };
    const parts = Object.entries(all).filter((one): one is [string, string] => one[1] !== undefined);
    router.history.replace(
      `${addresses.model(project, name)}${parts.length === 0 ? '' : `?${parts.map(([key, value]) => `${key}=${encodeURIComponent(value).replaceAll('%2C', ',')}`).join('&')}`}`,
    );
  };
  const choose = (version: number): void => {
    if (chosen.includes(version)) {
      setSingle(chosen.find((one) => one !== version));
      set({ compare: undefined });
    } else if (chosen.length === 0) setSingle(version);
    else {
      setSingle(undefined);
      set({ compare: [chosen.at(-1) ?? version, version].toSorted((a, b) => a - b).join(',') });
    }
  };
  useKeys([
    {
      keys: 'x',
      label: t('compare.pick.key'),
      run: () => {
        const one = versions[current];
        if (one !== undefined) choose(one.number);
      },
    },
  ]);
  const columns = useColumns(project, name, metric, chosen, choose);
  const [from, to] = asked;
  return (
    <Page query={query} title={name}>
      {({ model }) => {
        const champion = model.aliases['champion'];
        return (
          <>
            <PageHead
              title={name}
              answer={
                champion === undefined
                  ? t('model.answer.none', { name, n: model.versions })
                  : tx('model.answer', {
                      name: <b>{name}</b>,
                      n: model.versions,
                      v: <VersionName number={champion} tone="now" />,
                    })
              }
              lede={model.description}
              actions={
                <Go
                  className="btn"
                  to={addresses.lineage(champion === undefined ? `model:${name}` : `version:${name}/${champion}`)}
                >
                  {t('nav.lineage')}
                </Go>
              }
            />
            <div className="cols m372">
              <div>
                {metric === undefined ? null : (
                  <Family
                    first
                    most={80}
                    versions={versions}
                    metric={metric}
                    onMetric={(next) => set({ metric: next })}
                  />
                )}
                <Section
                  first={metric === undefined}
                  title={t('model.versions')}
                  sub={
                    chosen.length !== 1
                      ? t('model.versions.sub', { n: versions.length })
                      : t('compare.chosen', { versions: chosen.map((one) => `v${one}`).join(', ') })
                  }
                >
                  {versions.length === 0 ? (
                    <Empty title={t('models.none')} text={t('models.none.text')} command="mw run" />
                  ) : (
                    <VirtualRows
                      label={t('model.versions')}
                      rows={versions}
                      columns={columns}
                      rowKey={(one) => String(one.number)}
                      to={(one) => addresses.version(project, name, one.number)}
                      current={current}
                      selected={(one) => chosen.includes(one.number)}
                      most="max(320px, calc(100vh - 420px))"
                    />
                  )}
                </Section>
                {from === undefined || to === undefined ? null : (
                  <VersionCompare
                    project={project}
                    model={name}
                    from={from}
                    to={to}
                    onClose={() => {
                      setSingle(undefined);
                      set({ compare: undefined });
                    }}
                  />
                )}
              </div>
              <aside>
                <Aliases first project={project} model={model} />
                <AliasHistory project={project} model={model} />
              </aside>
            </div>
          </>
        );
      }}
    </Page>
  );
}
