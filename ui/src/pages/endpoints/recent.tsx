import { ScrollX } from '../../parts/scroll-x.tsx';
import { useQuery } from '@tanstack/react-query';
import { addresses } from '../../api/addresses.ts';
import { queries } from '../../api/queries.ts';
import type { Endpoint } from '../../api/types.ts';
import { useText } from '../../i18n/use-text.tsx';
import { Go } from '../../parts/go.tsx';
import { Section } from '../../parts/section.tsx';
import { Empty, Loaded } from '../../parts/states.tsx';
import { Status } from '../../parts/status.tsx';
import { roleOf } from './roles.ts';

/** The two inputs that tell most: text first, then numbers. */
export function glimpse(inputs: Readonly<Record<string, string | number | boolean | null>>): string {
  const texts = Object.values(inputs).filter((value) => typeof value === 'string');
  const all = texts.length >= 2 ? texts : Object.values(inputs).filter((value) => value !== null);
  return all.slice(0, 3).join(' · ');
}

export function RecentPredictions({ project, endpoint }: { readonly project: string; readonly endpoint: Endpoint }) {
  const { t, f } = useText();
  const recent = useQuery(queries.predictions(endpoint.name));
  return (
    <Section
      title={t('endpoint.recent')}
      sub={
        recent.data === undefined
          ? undefined
          : t('endpoint.recent.sub', { n: recent.data.total, dropped: endpoint.log?.dropped ?? 0 })
      }
    >
      <Loaded query={recent} what={t('endpoint.recent')}>
        {(data) =>
          data.predictions.length === 0 ? (
            <Empty title={t('endpoint.recent.none')} command={`mw predict ${endpoint.name}`} />
          ) : (
            <ScrollX>
              <table className="tight">
                <thead>
                  <tr>
                    <th scope="col">{t('endpoint.time')}</th>
                    <th scope="col">{t('endpoint.id')}</th>
                    <th scope="col">{t('endpoint.version')}</th>
                    <th scope="col" className="hide-s">
                      {t('prediction.inputs')}
                    </th>
                    <th scope="col" className="num">
                      {t('endpoint.score')}
                    </th>
                    <th scope="col" className="num">
                      ms
                    </th>
                    <th scope="col">{t('endpoint.outcome')}</th>
                  </tr>
                </thead>
                <tbody>
                  {data.predictions.slice(0, 8).map((one) => (
                    <tr key={one.id}>
                      <td className="meta nw" title={f.full(one.receivedAt)}>
                        {f.when(one.time)} {f.clock(one.time)}
                      </td>
                      <td>
                        <Go className="mono" to={addresses.prediction(project, endpoint.name, one.id)} title={one.id}>
                          …{one.id.slice(-9)}
                        </Go>
                      </td>
                      <td className="nw">
                        <span className={`sw ${roleOf(endpoint, one.version)}`} />v{one.version}
                      </td>
                      <td className="hide-s mut nw">{glimpse(one.inputs)}</td>
                      <td className="num">{one.score === null ? t('unknown') : f.num(one.score, 3)}</td>
                      <td className="num">{f.num(one.latencyMs, 1)}</td>
                      <td>
                        {one.outcome === undefined ? (
                          <Status kind="expected" word={t('endpoint.outcome.none')} />
                        ) : (
                          <Status kind="done" word={f.num(one.outcome)} />
                        )}
                      </td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </ScrollX>
          )
        }
      </Loaded>
    </Section>
  );
}
