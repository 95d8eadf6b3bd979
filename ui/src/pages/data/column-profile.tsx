import { Figure } from '../../charts/figure.tsx';
import { ProfileBars } from '../../charts/profile-bars.tsx';
import { ProfileOverlay } from '../../charts/profile-overlay.tsx';
import { useText } from '../../i18n/use-text.tsx';
import { Section } from '../../parts/section.tsx';
import { VirtualRows } from '../../parts/virtual-rows.tsx';
import type { ColumnChange } from './schema-changes.ts';

const SIGNS = { new: '+', gone: '−', type: '~' } as const;
const COLORS = { new: 'c-ok', gone: 'c-fail', type: 'c-warn' } as const;

/** Every column: its type and shape, and what changed since the version before. */
export function ColumnTable({
  name,
  rows,
  beforeRows,
  changes,
  chosen,
  onChoose,
}: {
  readonly name: string;
  readonly rows: number;
  readonly beforeRows: number | undefined;
  readonly changes: readonly ColumnChange[];
  readonly chosen: string | undefined;
  readonly onChoose: (column: string | undefined) => void;
}) {
  const { t, f } = useText();
  const share = (missing: number, of: number): number => (of === 0 ? 0 : missing / of);
  return (
    <Section title={t('data.profile', { name })} sub={t('data.profile.sub', { n: changes.length, rows })} first>
      <VirtualRows
        label={t('data.profile', { name })}
        rows={changes}
        rowKey={({ column, change }) => `${column.name}${change ?? ''}`}
        rowHeight={38}
        most="max(420px, calc(100vh - 330px))"
        selected={({ column }) => column.name === chosen}
        columns={[
          {
            key: 'name',
            head: t('data.column'),
            width: 'minmax(112px, 1.3fr)',
            order: ({ column }) => column.name,
            render: ({ column, change }) => (
              <>
                <span className={change === undefined ? 'dim' : COLORS[change]} aria-hidden="true">
                  {change === undefined ? '' : `${SIGNS[change]} `}
                </span>
                {change === undefined ? null : <span className="sr">{t(`data.change.${change}`)}</span>}
                <button
                  type="button"
                  className="link mono"
                  aria-pressed={column.name === chosen}
                  title={column.name}
                  onClick={() => onChoose(column.name === chosen ? undefined : column.name)}
                >
                  {column.name}
                </button>
              </>
            ),
          },
          {
            key: 'type',
            head: t('data.type'),
            width: '78px',
            order: ({ column }) => column.type,
            render: ({ column, before, change }) =>
              change === 'type' ? (
                <span className="c-warn">
                  {before?.type} → {column.type}
                </span>
              ) : (
                <span className="mut">{column.type}</span>
              ),
          },
          {
            key: 'shape',
            head: t('data.shape'),
            width: '114px',
            wide: true,
            render: ({ column }) => <ProfileBars column={column} />,
          },
          {
            key: 'missing',
            head: t('data.missing'),
            width: '64px',
            num: true,
            wide: true,
            order: ({ column }) => column.missing,
            render: ({ column, before, change }) => {
              if (change === 'gone') return <span className="dim">—</span>;
              const [is, was] = [
                share(column.missing, rows),
                before === undefined ? undefined : share(before.missing, beforeRows ?? 0),
              ];
              const up = was !== undefined && is - was > 0.01;
              return (
                <span
                  className={up ? 'c-warn' : undefined}
                  title={was === undefined ? undefined : t('data.was', { value: f.pct(was) })}
                >
                  {f.pct(is)}
                  {up ? ' ↑' : ''}
                </span>
              );
            },
          },
          {
            key: 'distinct',
            head: t('data.distinct'),
            width: '74px',
            num: true,
            wide: true,
            order: ({ column }) => column.distinct,
            render: ({ column }) => f.int(column.distinct),
          },
          {
            key: 'range',
            head: t('data.range'),
            width: 'minmax(112px, 1fr)',
            wide: true,
            render: ({ column }) =>
              column.min === undefined || column.max === undefined
                ? (column.top ?? [])
                    .slice(0, 3)
                    .map((top) => top.value)
                    .join(', ')
                : column.type === 'time'
                  ? `${f.day(column.min)} – ${f.day(column.max)}`
                  : `${f.num(column.min)} – ${f.num(column.max)}`,
          },
          {
            key: 'mean',
            head: t('data.mean'),
            width: '112px',
            num: true,
            wide: true,
            order: ({ column }) => column.mean ?? 0,
            render: ({ column }) =>
              column.mean === undefined ? (
                <span className="dim">—</span>
              ) : (
                `${f.num(column.mean)} ± ${column.sd === undefined ? t('unknown') : f.num(column.sd)}`
              ),
          },
          {
            key: 'shift',
            head: t('data.shift'),
            width: '84px',
            num: true,
            order: ({ shift }) => -Math.abs(shift ?? 0),
            render: ({ shift, change }) =>
              change === 'new' ? (
                <span className="c-ok">{t('data.change.new')}</span>
              ) : change === 'gone' ? (
                <span className="c-fail">{t('data.change.gone')}</span>
              ) : shift === undefined ? (
                <span className="dim">—</span>
              ) : Math.abs(shift) < 0.005 ? (
                <span className="dim">0</span>
              ) : (
                <span className={Math.abs(shift) >= 0.2 ? 'c-warn' : undefined}>{f.signed(shift, 2)} sd</span>
              ),
          },
        ]}
      />
    </Section>
  );
}

/** One column over the same column of the version before. */
export function ColumnFigure({ change }: { readonly change: ColumnChange }) {
  const { t, f } = useText();
  const { column, before } = change;
  const rows: (string | number)[][] =
    column.edges === undefined || column.counts === undefined
      ? (column.top ?? []).map((one) => [one.value, one.rows])
      : column.counts.map((count, i) => [
          `${f.num(column.edges?.[i] ?? 0)} – ${f.num(column.edges?.[i + 1] ?? 0)}`,
          count,
        ]);
  return (
    <Section
      first
      title={<code>{column.name}</code>}
      sub={before === undefined ? t('data.figure.alone') : t('data.figure')}
    >
      <Figure
        firstWidth={340}
        table={{ head: [t('data.range'), t('data.rows')], rows }}
        caption={
          before === undefined ? undefined : (
            <span className="legend">
              <span>
                <i className="ref" />
                {t('data.before')}
              </span>
              <span>
                <i className="now" />
                {t('data.this')}
              </span>
            </span>
          )
        }
      >
        {(width) => (
          <ProfileOverlay
            width={width}
            now={column}
            before={before}
            label={t('data.figure.label', { name: column.name })}
            format={(value) => f.num(value)}
          />
        )}
      </Figure>
    </Section>
  );
}
