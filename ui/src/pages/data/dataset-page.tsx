import { useQuery } from '@tanstack/react-query';
import { useRouter } from '@tanstack/react-router';
import { addresses } from '../../api/addresses.ts';
import { queries } from '../../api/queries.ts';
import type { DatasetVersion } from '../../api/types.ts';
import { KindMark } from '../../charts/lineage-shapes.tsx';
import { Sparkline } from '../../charts/sparkline.tsx';
import { useText } from '../../i18n/use-text.tsx';
import { useKeys } from '../../keys/use-keys.ts';
import { Facts } from '../../parts/facts.tsx';
import { Go, useGo } from '../../parts/go.tsx';
import { PageHead } from '../../parts/page-head.tsx';
import { Section } from '../../parts/section.tsx';
import { Empty, Loaded } from '../../parts/states.tsx';
import { Status } from '../../parts/status.tsx';
import { Page } from '../page.tsx';
import { ColumnFigure, ColumnTable } from './column-profile.tsx';
import { columnChanges, family, shortDigest } from './schema-changes.ts';
import '../../design/records.css';

function Checks({ version, first }: { readonly version: DatasetVersion; readonly first: boolean }) {
  const { t } = useText();
  const passed = version.checks.filter((one) => one.passed).length;
  return (
    <Section
      first={first}
      title={t('data.check')}
      sub={
        version.checks.length === 0 ? t('data.nochecks') : t('data.checked', { passed, total: version.checks.length })
      }
    >
      <ul className="checks">
        {version.checks.map((one) => (
          <li key={one.text}>
            <Status kind={one.passed ? 'passed' : 'failed'} hidden />
            <code>{one.text}</code>
            <span className="meta">{one.observed}</span>
          </li>
        ))}
      </ul>
    </Section>
  );
}

/** What this content led to: runs that read it, versions that were made of it, and where those serve. */
function UsedBy({ id }: { readonly id: string }) {
  const { t, f } = useText();
  const node = `dataset:${id}`;
  const query = useQuery(queries.lineage(node, 'down', 4));
  return (
    <Section title={t('data.used')} right={<Go to={addresses.lineage(node)}>{t('version.lineage.all')}</Go>}>
      <Loaded query={query} what={t('data.used')} rows={3}>
        {({ nodes, focus }) => {
          const used = nodes
            .filter((one) => one.id !== focus && ['run', 'pipeline', 'version', 'endpoint'].includes(one.kind))
            .toSorted((a, b) => (b.at ?? 0) - (a.at ?? 0));
          const SHOWN = 14;
          return used.length === 0 ? (
            <p className="mut">{t('data.unused')}</p>
          ) : (
            <ul className="neigh">
              {used.slice(0, SHOWN).map((one) => (
                <li key={one.id}>
                  <KindMark kind={one.kind} />
                  <span>
                    <Go to={one.href ?? addresses.lineage(one.id)}>{one.label}</Go>{' '}
                    <span className="meta">
                      {t(`lineage.kind.${one.kind}`)}
                      {one.at === undefined ? '' : ` · ${f.when(one.at)}`}
                    </span>
                  </span>
                </li>
              ))}
              {used.length > SHOWN ? <li className="meta">{t('more.n', { n: used.length - SHOWN })}</li> : null}
            </ul>
          );
        }}
      </Loaded>
    </Section>
  );
}

function Versions({
  versions,
  shown,
}: {
  readonly versions: readonly DatasetVersion[];
  readonly shown: DatasetVersion;
}) {
  const { t, f } = useText();
  return (
    <Section title={t('data.versions')} sub={versions.length}>
      {versions.length < 2 ? null : (
        <Sparkline
          width={320}
          height={34}
          values={versions.map((one) => one.rows).toReversed()}
          label={t('data.rows.trend', { n: versions.length })}
        />
      )}
      <ul className="saved">
        {versions.slice(0, 10).map((one) => (
          <li key={one.id}>
            {one === shown ? (
              <b className="mono">{shortDigest(one.digest)}</b>
            ) : (
              <Go className="mono" to={addresses.dataset(one.id)}>
                {shortDigest(one.digest)}
              </Go>
            )}
            <span className="num">{t('version.rows', { n: one.rows })}</span>
            <span className="meta">{f.when(one.createdAt)}</span>
          </li>
        ))}
        {versions.length > 10 ? <li className="meta">{t('more.n', { n: versions.length - 10 })}</li> : null}
      </ul>
    </Section>
  );
}

function Files({ version }: { readonly version: DatasetVersion }) {
  const { t, f } = useText();
  return (
    <Section title={t('data.files')} sub={`${f.int(version.files.length)} · ${f.bytes(version.bytes)}`}>
      <Facts
        rows={version.files
          .slice(0, 20)
          .map((one) => [<code key={one.path}>{one.path}</code>, `${f.bytes(one.bytes)}  ${shortDigest(one.digest)}`])}
      />
      {version.files.length > 20 ? <p className="meta">{t('more.n', { n: version.files.length - 20 })}</p> : null}
    </Section>
  );
}

function Detail({
  version,
  all,
  column,
}: {
  readonly version: DatasetVersion;
  readonly all: readonly DatasetVersion[];
  readonly column: string | undefined;
}) {
  const { t, f } = useText();
  const router = useRouter();
  const go = useGo();
  const { versions, before } = family(all, version);
  const changes = columnChanges(version, before);
  const chosen = changes.find((one) => one.column.name === column);
  const passed = version.checks.filter((one) => one.passed).length;
  const altered = changes.filter((one) => one.change !== undefined);
  const next = versions[versions.indexOf(version) - 1];
  useKeys([
    { keys: 'l', label: t('nav.lineage'), run: () => go(addresses.lineage(`dataset:${version.id}`)) },
    ...(before === undefined
      ? []
      : [{ keys: '[', label: t('data.earlier'), run: () => go(addresses.dataset(before.id)) }]),
    ...(next === undefined ? [] : [{ keys: ']', label: t('data.later'), run: () => go(addresses.dataset(next.id)) }]),
  ]);
  return (
    <>
      <PageHead
        title={`${version.name} ${shortDigest(version.digest)}`}
        answer={t('data.one.answer', {
          name: version.name,
          rows: version.rows,
          columns: version.columns.length,
          checks:
            version.checks.length === 0
              ? t('data.nochecks')
              : t('data.one.checks', { passed, total: version.checks.length }),
        })}
        lede={
          <>
            <code>{shortDigest(version.digest)}</code> · {f.full(version.createdAt)} ·{' '}
            {before === undefined
              ? t('data.first')
              : t('data.against', {
                  rows: f.signed(version.rows - before.rows),
                  when: f.when(before.createdAt),
                  schema:
                    altered.length === 0 ? t('data.schema.same') : t('data.schema.changed', { n: altered.length }),
                })}
          </>
        }
      />
      <div className="cols m372">
        <div>
          <ColumnTable
            name={version.name}
            rows={version.rows}
            beforeRows={before?.rows}
            changes={changes}
            chosen={chosen?.column.name}
            onChoose={(name) =>
              router.history.replace(
                `${addresses.dataset(version.id)}${name === undefined ? '' : `?column=${encodeURIComponent(name)}`}`,
              )
            }
          />
        </div>
        <aside>
          {chosen === undefined ? null : <ColumnFigure change={chosen} />}
          <Checks version={version} first={chosen === undefined} />
          <UsedBy id={version.id} />
          <Versions versions={versions} shown={version} />
          <Files version={version} />
        </aside>
      </div>
    </>
  );
}

/** One version of a dataset: its columns against the version before, its checks, and what it led to. */
export function DatasetPage({
  project,
  name,
  digest,
  column,
}: {
  readonly project: string;
  readonly name: string;
  /** The first characters are enough. */
  readonly digest: string;
  readonly column: string | undefined;
}) {
  const { t } = useText();
  const query = useQuery(queries.datasets(project));
  return (
    <Page query={query} title={`${name} ${digest.slice(0, 12)}`}>
      {({ datasets }) => {
        const version = datasets.find(
          (one) =>
            one.name === name &&
            (one.id.endsWith(`/${digest}`) || shortDigest(one.digest).startsWith(digest.slice(0, 12))),
        );
        return version === undefined ? (
          <>
            <PageHead title={name} answer={t('data.unknown', { name, digest: digest.slice(0, 12) })} />
            <Section first title={t('data.versions')}>
              <Empty title={t('data.unknown.text')} />
              <Go to={addresses.data(project)}>{t('nav.data')}</Go>
            </Section>
          </>
        ) : (
          <Detail key={version.id} version={version} all={datasets} column={column} />
        );
      }}
    </Page>
  );
}
