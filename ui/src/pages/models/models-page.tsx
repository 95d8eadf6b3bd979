import { useQuery } from '@tanstack/react-query';
import { useRouter } from '@tanstack/react-router';
import { useRef } from 'react';
import { addresses } from '../../api/addresses.ts';
import { queries } from '../../api/queries.ts';
import type { Model } from '../../api/types.ts';
import { useText } from '../../i18n/use-text.tsx';
import { useKeys } from '../../keys/use-keys.ts';
import { useRowKeys } from '../../keys/use-row-keys.ts';
import { Go } from '../../parts/go.tsx';
import { PageHead } from '../../parts/page-head.tsx';
import { Section } from '../../parts/section.tsx';
import { Empty } from '../../parts/states.tsx';
import { usePhone } from '../../parts/use-phone.ts';
import { VirtualRows, type RowColumn } from '../../parts/virtual-rows.tsx';
import '../../design/records.css';
import { Page } from '../page.tsx';
import { ModelLive, ModelTrend } from './model-trend.tsx';
import { Verdict } from './verdict.tsx';

function AliasTags({ project, model }: { readonly project: string; readonly model: Model }) {
  const { t } = useText();
  const most = usePhone() ? 1 : 3;
  const all = Object.entries(model.aliases).toSorted(([a], [b]) =>
    a === 'champion' ? -1 : b === 'champion' ? 1 : a.localeCompare(b),
  );
  if (all.length === 0) return <span className="dim">{t('none')}</span>;
  return (
    <span className="tags">
      {all.slice(0, most).map(([alias, version]) => (
        <span key={alias} className={alias === 'champion' ? 'tag now' : 'tag'}>
          {alias} <Go to={addresses.version(project, model.name, version)}>v{version}</Go>
        </span>
      ))}
      {all.length > most ? <span className="dim">+{all.length - most}</span> : null}
    </span>
  );
}

/** Any number of models: which version each alias names, how the newest was judged, what takes the calls. */
export function ModelsPage({ project, filter = '' }: { readonly project: string; readonly filter?: string }) {
  const { t, f } = useText();
  const router = useRouter();
  const field = useRef<HTMLInputElement>(null);
  const query = useQuery(queries.models());
  const all = query.data?.models ?? [];
  const models = all.filter((one) =>
    `${one.name} ${one.description ?? ''} ${Object.keys(one.aliases).join(' ')}`
      .toLowerCase()
      .includes(filter.toLowerCase()),
  );
  const current = useRowKeys(models.map((one) => addresses.model(project, one.name)));
  useKeys([{ keys: '/', label: t('keys.filter'), run: () => field.current?.focus() }]);
  const columns: readonly RowColumn<Model>[] = [
    {
      key: 'name',
      head: t('models.name'),
      width: 'minmax(150px, 1.4fr)',
      render: (one) => (
        <b>
          <Go to={addresses.model(project, one.name)}>{one.name}</Go>
        </b>
      ),
    },
    {
      key: 'aliases',
      head: t('model.aliases'),
      width: 'minmax(130px, 1.2fr)',
      render: (one) => <AliasTags project={project} model={one} />,
    },
    {
      key: 'latest',
      head: t('models.latest'),
      width: '64px',
      wide: true,
      render: (one) =>
        one.latest === undefined ? (
          ''
        ) : (
          <Go to={addresses.version(project, one.name, one.latest.number)}>v{one.latest.number}</Go>
        ),
    },
    {
      key: 'verdict',
      head: t('models.verdict'),
      width: '116px',
      wide: true,
      render: (one) => (one.latest === undefined ? '' : <Verdict version={one.latest} />),
    },
    {
      key: 'trend',
      head: t('models.metric'),
      width: 'minmax(210px, 1fr)',
      wide: true,
      render: (one) => <ModelTrend name={one.name} />,
    },
    {
      key: 'live',
      head: t('model.live'),
      width: 'minmax(120px, .8fr)',
      wide: true,
      render: (one) => <ModelLive name={one.name} />,
    },
    {
      key: 'versions',
      head: t('models.versions'),
      width: '72px',
      num: true,
      wide: true,
      render: (one) => f.int(one.versions),
    },
    {
      key: 'made',
      head: t('model.made'),
      width: '92px',
      num: true,
      wide: true,
      render: (one) => (
        <span className="dim" title={f.full(one.latest?.createdAt ?? one.createdAt)}>
          {f.when(one.latest?.createdAt ?? one.createdAt)}
        </span>
      ),
    },
  ];
  return (
    <Page query={query} title={t('nav.models')}>
      {() => {
        const newest = all
          .filter((one) => one.latest !== undefined)
          .toSorted((a, b) => (b.latest?.createdAt ?? 0) - (a.latest?.createdAt ?? 0))[0];
        return (
          <>
            <PageHead
              title={t('nav.models')}
              answer={
                all.length === 0
                  ? t('models.none')
                  : newest?.latest === undefined
                    ? t('models.answer.n', { n: all.length })
                    : t('models.answer', { n: all.length, name: newest.name, version: newest.latest.number })
              }
            />
            <Section
              first
              title={t('nav.models')}
              sub={filter === '' ? all.length : t('shown.of', { n: models.length, total: all.length })}
              right={
                all.length < 8 && filter === '' ? undefined : (
                  <input
                    ref={field}
                    className="inp find1"
                    type="search"
                    placeholder={t('models.filter')}
                    aria-label={t('models.filter')}
                    defaultValue={filter}
                    onChange={(event) => {
                      const q = event.target.value;
                      router.history.replace(
                        `${addresses.models(project)}${q === '' ? '' : `?q=${encodeURIComponent(q)}`}`,
                      );
                    }}
                  />
                )
              }
            >
              {all.length === 0 ? (
                <Empty title={t('models.none')} text={t('models.none.text')} command="mw run" />
              ) : models.length === 0 ? (
                <Empty title={t('shown.none', { text: filter })} />
              ) : (
                <VirtualRows
                  label={t('nav.models')}
                  rows={models}
                  columns={columns}
                  rowKey={(one) => one.name}
                  to={(one) => addresses.model(project, one.name)}
                  current={current}
                  rowHeight={38}
                  most="calc(100vh - 230px)"
                />
              )}
            </Section>
          </>
        );
      }}
    </Page>
  );
}
