import { ScrollX } from '../../parts/scroll-x.tsx';
import { addresses } from '../../api/addresses.ts';
import type { Alert } from '../../api/types.ts';
import { useText } from '../../i18n/use-text.tsx';
import { Go } from '../../parts/go.tsx';
import { Status } from '../../parts/status.tsx';

export function IncidentTable({ alerts }: { readonly alerts: readonly Alert[] }) {
  const { t, f } = useText();
  if (alerts.length === 0) return <p className="mut">{t('monitors.incidents.none')}</p>;
  return (
    <ScrollX>
      <table>
        <tbody>
          {alerts.map((one) => (
            <tr key={one.id}>
              <td className="nw">
                <Go to={addresses.incident(one.project, one.number)}>{t('incident.name', { n: one.number })}</Go>
              </td>
              <td>
                <Status kind={one.status === 'firing' ? 'warning' : 'passed'} word={t(`incident.${one.status}`)} />
              </td>
              <td className="wrap mut">{one.text}</td>
              <td className="num meta">{t('stage.since', { when: f.when(one.since) })}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </ScrollX>
  );
}
