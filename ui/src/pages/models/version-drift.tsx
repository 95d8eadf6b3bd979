import { addresses } from '../../api/addresses.ts';
import type { ModelVersionDetail } from '../../api/types.ts';
import { GateScale } from '../../charts/gate-scale.tsx';
import { useText } from '../../i18n/use-text.tsx';
import { Go } from '../../parts/go.tsx';
import { ScrollX } from '../../parts/scroll-x.tsx';
import { Section } from '../../parts/section.tsx';
import { Status } from '../../parts/status.tsx';

const SHOWN = 8;

/** The newest drift of its inputs while it served, the furthest first. */
export function VersionDrift({ project, detail }: { readonly project: string; readonly detail: ModelVersionDetail }) {
  const { t, f } = useText();
  const rows = detail.drift.toSorted((a, b) => b.score / (b.limit || 1) - a.score / (a.limit || 1));
  const moved = rows.filter((one) => one.score > one.limit).length;
  const at = Math.max(...rows.map((one) => one.at));
  return (
    <Section
      title={t('version.drift')}
      sub={rows.length === 0 ? undefined : t('version.drift.sub', { moved, n: rows.length, when: f.when(at) })}
    >
      {rows.length === 0 ? (
        <p className="mut">{detail.releases.length === 0 ? t('version.drift.unreleased') : t('version.drift.none')}</p>
      ) : (
        <ScrollX>
          <table className="tight">
            <thead>
              <tr>
                <th scope="col">{t('data.column')}</th>
                <th scope="col" className="num">
                  {t('version.drift.score')}
                </th>
                <th scope="col" className="num">
                  {t('version.drift.limit')}
                </th>
                <th scope="col">{t('version.thick')}</th>
                <th scope="col">{t('version.verdict')}</th>
                <th scope="col" className="hide-s">
                  {t('version.drift.monitor')}
                </th>
              </tr>
            </thead>
            <tbody>
              {rows.slice(0, SHOWN).map((one) => (
                <tr key={`${one.monitor} ${one.column}`}>
                  <td className="mono">{one.column}</td>
                  <td className="num">
                    <b>{f.num(one.score)}</b>
                  </td>
                  <td className="num mut">≤ {f.num(one.limit)}</td>
                  <td>
                    <GateScale
                      observed={one.score}
                      limits={{ to: one.limit }}
                      color="var(--now)"
                      label={`${one.column} ${f.num(one.score)}`}
                    />
                  </td>
                  <td>
                    <Status
                      kind={one.score > one.limit ? 'warning' : 'done'}
                      word={one.score > one.limit ? t('version.drift.moved') : t('version.drift.still')}
                    />
                  </td>
                  <td className="hide-s">
                    <Go to={addresses.monitor(project, one.monitor)}>{one.monitor}</Go>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </ScrollX>
      )}
      {rows.length > SHOWN ? <p className="meta">{t('version.drift.more', { n: rows.length - SHOWN })}</p> : null}
    </Section>
  );
}
