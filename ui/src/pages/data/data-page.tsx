import { useQuery } from '@tanstack/react-query';
import { useRouter } from '@tanstack/react-router';
import { useEffect, useRef } from 'react';
import { addresses } from '../../api/addresses.ts';
import { queries } from '../../api/queries.ts';
import type { DatasetVersion } from '../../api/types.ts';
import { Sparkline } from '../../charts/sparkline.tsx';
import { useText } from '../../i18n/use-text.tsx';
import { useKeys } from '../../keys/use-keys.ts';
import { useRowKeys } from '../../keys/use-row-keys.ts';
import { Go } from '../../parts/go.tsx';
import { PageHead } from '../../parts/page-head.tsx';
import { Section } from '../../parts/section.tsx';
import { Empty } from '../../parts/states.tsx';
import { Status } from '../../parts/status.tsx';
import { VirtualRows, type RowColumn } from '../../parts/virtual-rows.tsx';
import '../../design/records.css';
import { Page } from '../page.tsx';
import { columnChanges, shortDigest } from './schema-changes.ts';

interface Named {
  readonly key: string;
  readonly newest: DatasetVersion;
  readonly versions: readonly DatasetVersion[];
}

function ChecksCell({ version }: { readonly version: DatasetVersion }) {
  const { t } = useText();
  const passed = version.checks.filter((one) => one.passed).length;
  return version.checks.length === 0 ? (
    <span className="dim">{t('data.nochecks')}</span>
  ) : (
    <Status
      kind={passed === version.checks.length ? 'passed' : 'failed'}
      word={t('data.checked', { passed, total: version.checks.length })}
    />
  );
}

/** By project and name, in the order of the newest version. */
function byName(versions: readonly DatasetVersion[]): readonly Named[] {
  const groups = new Map<string, DatasetVersion[]>();
  for (const one of versions) {
    const key = `${one.project}/${one.name}`;
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  return [...groups].flatMap(([key, all]) => {
    const sorted = all.toSorted((a, b) => b.createdAt - a.createdAt);
    const newest = sorted[0];
    return newest === undefined ? [] : [{ key, newest, versions: sorted }];
  });
}

function Names({ names, all }: { readonly names: readonly Named[]; readonly all: boolean }) {
  const { t, f } = useText();
  return (
    <Section first title={t('data.sets')} sub={names.length}>
      <VirtualRows
        label={t('data.sets')}
        rows={names}
        rowKey={(one) => one.key}
        rowHeight={38}
        most="40vh"
        to={(one) => addresses.dataset(one.newest.id)}
        columns={[
          {
            key: 'name',
            head: t('data.name'),
            width: 'minmax(150px, 1.4fr)',
            order: (one) => one.key,
            render: (one) => (
              <b>
                <Go to={addresses.dataset(one.newest.id)}>{all ? one.key : one.newest.name}</Go>
              </b>
            ),
          },
          {
            key: 'rows',
            head: t('data.rows'),
            width: 'minmax(150px, 1fr)',
            order: (one) => one.newest.rows,
            render: (one) => (
              <span className="trend">
                {one.versions.length < 2 ? null : (
                  <Sparkline
                    width={76}
                    values={one.versions.map((version) => version.rows).toReversed()}
                    label={t('data.rows.trend', { n: one.versions.length })}
                  />
                )}
                <b>{f.int(one.newest.rows)}</b>
              </span>
            ),
          },
          {
            key: 'columns',
            head: t('data.columns'),
            width: '76px',
            num: true,
            wide: true,
            order: (one) => one.newest.columns.length,
            render: (one) => f.int(one.newest.columns.length),
          },
          {
            key: 'bytes',
            head: t('data.bytes'),
            width: '88px',
            num: true,
            wide: true,
            order: (one) => one.newest.bytes,
            render: (one) => f.bytes(one.newest.bytes),
          },
          {
            key: 'checks',
            head: t('data.checks'),
            width: '140px',
            wide: true,
            render: (one) => <ChecksCell version={one.newest} />,
          },
          {
            key: 'n',
            head: t('models.versions'),
            width: '72px',
            num: true,
            wide: true,
            order: (one) => one.versions.length,
            render: (one) => f.int(one.versions.length),
          },
          {
            key: 'made',
            head: t('data.made'),
            width: '88px',
            num: true,
            wide: true,
            order: (one) => one.newest.createdAt,
            render: (one) => <span className="dim">{f.when(one.newest.createdAt)}</span>,
          },
        ]}
      />
    </Section>
  );
}

function List({
  project,
  versions,
  filter,
}: {
  readonly project: string;
  readonly versions: readonly DatasetVersion[];
  readonly filter: string;
}) {
  const { t, f } = useText();
  const router = useRouter();
  const field = useRef<HTMLInputElement>(null);
  const names = byName(versions);
  const shown = versions
    .filter((one) =>
      `${one.project}/${one.name} ${shortDigest(one.digest)}`.toLowerCase().includes(filter.toLowerCase()),
    )
    .toSorted((a, b) => b.createdAt - a.createdAt);
  const current = useRowKeys(shown.map((one) => addresses.dataset(one.id)));
  useKeys([{ keys: '/', label: t('keys.filter'), run: () => field.current?.focus() }]);
  const first = names[0]?.newest;
  if (first === undefined) {
    return (
      <>
        <PageHead title={t('nav.data')} answer={t('data.none')} />
        <Section first title={t('nav.data')}>
          <Empty title={t('data.none')} text={t('data.none.text')} command="mw run" />
        </Section>
      </>
    );
  }
  const before = new Map(names.flatMap(({ versions: all }) => all.map((one, i) => [one.id, all[i + 1]] as const)));
  const columns: readonly RowColumn<DatasetVersion>[] = [
    {
      key: 'name',
      head: t('data.name'),
      width: 'minmax(120px, 1fr)',
      render: (one) => <b>{project === '-' ? `${one.project}/${one.name}` : one.name}</b>,
    },
    {
      key: 'digest',
      head: t('data.version'),
      width: '120px',
      render: (one) => (
        <Go className="mono" to={addresses.dataset(one.id)}>
          {shortDigest(one.digest)}
        </Go>
      ),
    },
    {
      key: 'rows',
      head: t('data.rows'),
      width: '88px',
      num: true,
      order: (one) => one.rows,
      render: (one) => f.int(one.rows),
    },
    {
      key: 'change',
      head: t('data.change'),
      width: '104px',
      num: true,
      wide: true,
      render: (one) => {
        const was = before.get(one.id);
        return was === undefined ? (
          <span className="dim">{t('data.change.first')}</span>
        ) : (
          <span className="mut">{f.signed(one.rows - was.rows)}</span>
        );
      },
    },
    {
      key: 'schema',
      head: t('data.schema'),
      width: '130px',
      wide: true,
      render: (one) => {
        const was = before.get(one.id);
        const n =
          was === undefined ? 0 : columnChanges(one, was).filter((change) => change.change !== undefined).length;
        return was === undefined ? (
          ''
        ) : n === 0 ? (
          <span className="dim">{t('data.schema.none')}</span>
        ) : (
          <span className="c-warn">{t('data.schema.changed', { n })}</span>
        );
      },
    },
    {
      key: 'bytes',
      head: t('data.bytes'),
      width: '84px',
      num: true,
      wide: true,
      order: (one) => one.bytes,
      render: (one) => f.bytes(one.bytes),
    },
    {
      key: 'checks',
      head: t('data.checks'),
      width: '136px',
      wide: true,
      render: (one) => <ChecksCell version={one} />,
    },
    {
      key: 'made',
      head: t('data.made'),
      width: '88px',
      num: true,
      order: (one) => one.createdAt,
      render: (one) => (
        <span className="dim" title={f.full(one.createdAt)}>
          {f.when(one.createdAt)}
        </span>
      ),
    },
  ];
  return (
    <>
      <PageHead
        title={t('nav.data')}
        answer={t('data.answer', {
          name: first.name,
          rows: first.rows,
          n: names[0]?.versions.length ?? 0,
          when: f.when(first.createdAt),
        })}
      />
      <Names names={names} all={project === '-'} />
      <Section
        title={t('data.versions')}
        sub={filter === '' ? versions.length : t('shown.of', { n: shown.length, total: versions.length })}
        right={
          versions.length < 8 && filter === '' ? undefined : (
            <input
              ref={field}
              className="inp find1"
              type="search"
              placeholder={t('data.filter')}
              aria-label={t('data.filter')}
              defaultValue={filter}
              onChange={(event) => {
                const q = event.target.value;
                router.history.replace(`${addresses.data(project)}${q === '' ? '' : `?q=${encodeURIComponent(q)}`}`);
              }}
            />
          )
        }
      >
        {shown.length === 0 ? (
          <Empty title={t('shown.none', { text: filter })} />
        ) : (
          <VirtualRows
            label={t('data.versions')}
            rows={shown}
            columns={columns}
            rowKey={(one) => one.id}
            to={(one) => addresses.dataset(one.id)}
            current={current}
          />
        )}
      </Section>
    </>
  );
}

/** Datasets by project and name, and every version by its content. */
export function DataPage({
  project,
  version,
  filter = '',
}: {
  readonly project: string;
  /** An address of before: it now has a page of its own. */
  readonly version?: string | undefined;
  readonly filter?: string | undefined;
}) {
  const { t } = useText();
  const router = useRouter();
  const query = useQuery(queries.datasets(project));
  useEffect(() => {
    if (version !== undefined) router.history.replace(addresses.dataset(version));
  }, [version, router]);
  return (
    <Page query={query} title={t('nav.data')}>
      {(data) => <List project={project} versions={data.datasets} filter={filter} />}
    </Page>
  );
}
