import type { Gate } from '../../api/types.ts';
import { GateScale, gateLimits } from '../../charts/gate-scale.tsx';
import { useText } from '../../i18n/use-text.tsx';
import { ScrollX } from '../../parts/scroll-x.tsx';
import { Status } from '../../parts/status.tsx';

/** Observed against required, with how much room; the sentence of the gate on hover where its name is not all of it. */
export function GatesTable({
  gates,
  color,
  scale = 150,
}: {
  readonly gates: readonly Gate[];
  readonly color: string;
  /** Width of the drawn scale. */
  readonly scale?: number;
}) {
  const { t, f } = useText();
  return (
    <ScrollX>
      <table>
        <thead>
          <tr>
            <th scope="col">{t('version.metric')}</th>
            <th scope="col" className="num">
              {t('version.observed')}
            </th>
            <th scope="col" className="num">
              {t('version.required')}
            </th>
            <th scope="col">{t('version.thick')}</th>
            <th scope="col">{t('version.verdict')}</th>
            <th scope="col" className="hide-s">
              {t('version.where')}
            </th>
          </tr>
        </thead>
        <tbody>
          {gates.map((gate, i) => {
            const limits = gateLimits(gate.required);
            const name = /^[\w.]+/.exec(gate.text)?.[0] ?? gate.text;
            return (
              <tr key={`${gate.text} ${i}`}>
                <td className="mono nw" title={gate.text}>
                  {name}
                </td>
                <td className="num">
                  <b>{gate.observed === undefined ? t('unknown') : f.num(gate.observed)}</b>
                </td>
                <td className="num mut">{gate.required.replace('>=', '≥').replace('<=', '≤')}</td>
                <td>
                  {gate.observed === undefined || limits === undefined ? (
                    ''
                  ) : (
                    <GateScale
                      observed={gate.observed}
                      limits={limits}
                      color={color}
                      width={scale}
                      label={`${gate.text}: ${f.num(gate.observed)}`}
                    />
                  )}
                </td>
                <td>
                  {gate.passed === null ? (
                    <Status kind="unknown" />
                  ) : (
                    <Status kind={gate.passed ? 'passed' : 'failed'} />
                  )}
                </td>
                <td className="meta mono hide-s">{gate.where}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </ScrollX>
  );
}
