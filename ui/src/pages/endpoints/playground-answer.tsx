import { addresses } from '../../api/addresses.ts';
import type { Endpoint } from '../../api/types.ts';
import { useText } from '../../i18n/use-text.tsx';
import { CopyButton } from '../../parts/command-line.tsx';
import { Go } from '../../parts/go.tsx';
import { ScrollX } from '../../parts/scroll-x.tsx';
import { Section } from '../../parts/section.tsx';
import { Empty, Failed } from '../../parts/states.tsx';
import { predictionId, type RowAnswer } from './answers.ts';
import { changed } from './playground-fields.ts';
import { HISTORY_KEPT, type Asked } from './playground-history.ts';
import { roleOf } from './roles.ts';

const VALUES_SHOWN = 12;

function useValues(): (values: readonly unknown[]) => string {
  const { f } = useText();
  return (values) => {
    const shown = values
      .slice(0, VALUES_SHOWN)
      .map((value) => (typeof value === 'number' ? f.num(value, Number.isInteger(value) ? 0 : 4) : String(value)));
    return `${shown.join(', ')}${values.length > VALUES_SHOWN ? ' …' : ''}`;
  };
}

function One({
  project,
  endpoint,
  asked,
  before,
}: {
  readonly project: string;
  readonly endpoint: Endpoint;
  readonly asked: Asked;
  readonly before: RowAnswer | undefined;
}) {
  const { t, tx, f } = useText();
  const values = useValues();
  const [first] = asked.answers;
  const id = predictionId(asked.answer, 0);
  const difference = first?.score === undefined || before?.score === undefined ? undefined : first.score - before.score;
  return (
    <>
      <div className="pscore">
        <div className="figure-big">{first?.score === undefined ? t('unknown') : f.num(first.score, 3)}</div>
        <div>
          <div className="mut">
            {tx('try.answers', {
              v: <span className={`c-${roleOf(endpoint, asked.answer.version)}`}>v{asked.answer.version}</span>,
            })}{' '}
            · {f.num(asked.answer.latencyMs, 1)} ms
          </div>
          <div className="meta">
            {difference === undefined
              ? ''
              : difference === 0
                ? t('play.same')
                : t('play.since', { difference: f.signed(difference, 3) })}
          </div>
        </div>
      </div>
      <table className="tight">
        <thead>
          <tr>
            <th scope="col">{t('play.output')}</th>
            <th scope="col" className="num">
              {t('play.value')}
            </th>
          </tr>
        </thead>
        <tbody>
          {(first?.outputs ?? []).map((output) => (
            <tr key={output.name}>
              <td className="mono">{output.name}</td>
              <td className="num mono">{values(output.values)}</td>
            </tr>
          ))}
          <tr>
            <td>{t('play.id')}</td>
            <td className="num">
              <Go className="mono" to={addresses.prediction(project, endpoint.name, id)} title={id}>
                …{id.slice(-14)}
              </Go>{' '}
              <CopyButton text={id} />
            </td>
          </tr>
        </tbody>
      </table>
    </>
  );
}

function Many({
  project,
  endpoint,
  asked,
}: {
  readonly project: string;
  readonly endpoint: Endpoint;
  readonly asked: Asked;
}) {
  const { t, f } = useText();
  const values = useValues();
  const names = asked.answers[0]?.outputs.map((output) => output.name) ?? [];
  return (
    <div className="figtable" role="region" aria-label={t('table')} tabIndex={0}>
      <table className="tight">
        <thead>
          <tr>
            <th scope="col">{t('play.row')}</th>
            <th scope="col" className="num">
              {t('play.score')}
            </th>
            {names.map((name) => (
              <th key={name} scope="col" className="num">
                {name}
              </th>
            ))}
            <th scope="col" className="num">
              {t('play.id')}
            </th>
          </tr>
        </thead>
        <tbody>
          {asked.answers.map((one, i) => (
            <tr key={i}>
              <td>{i + 1}</td>
              <td className="num">
                <b>{one.score === undefined ? t('unknown') : f.num(one.score, 3)}</b>
              </td>
              {one.outputs.map((output) => (
                <td key={output.name} className="num mono">
                  {values(output.values)}
                </td>
              ))}
              <td className="num">
                <Go className="mono" to={addresses.prediction(project, endpoint.name, predictionId(asked.answer, i))}>
                  {`…${predictionId(asked.answer, i).slice(-8)}`}
                </Go>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** What the endpoint said last, or why it said nothing. `error`: an answer that no field can be blamed for. */
export function PlaygroundAnswer({
  project,
  endpoint,
  history,
  error,
}: {
  readonly project: string;
  readonly endpoint: Endpoint;
  readonly history: readonly Asked[];
  readonly error: unknown;
}) {
  const { t } = useText();
  const [last, before] = history;
  return (
    <Section
      first
      title={t('play.answer')}
      sub={last === undefined || last.rows.length === 1 ? undefined : t('play.rows', { n: last.rows.length })}
    >
      <div aria-live="polite">
        {error === undefined || error === null ? null : <Failed error={error} what={t('play.answer')} />}
        {last === undefined ? (
          error === undefined || error === null ? (
            <Empty title={t('play.answer.none')} text={t('play.answer.none.text')} />
          ) : null
        ) : last.rows.length === 1 ? (
          <One
            project={project}
            endpoint={endpoint}
            asked={last}
            before={before?.rows.length === 1 ? before.answers[0] : undefined}
          />
        ) : (
          <Many project={project} endpoint={endpoint} asked={last} />
        )}
      </div>
    </Section>
  );
}

const NAMES_SHOWN = 2;

/** What was asked in this session, each against the one before it. */
export function PlaygroundHistory({
  endpoint,
  history,
  onUse,
}: {
  readonly endpoint: Endpoint;
  readonly history: readonly Asked[];
  readonly onUse: (asked: Asked) => void;
}) {
  const { t, f } = useText();
  if (history.length === 0) return null;
  const changes = (asked: Asked, before: Asked | undefined): string => {
    if (asked.rows.length > 1) return t('play.history.rows', { n: asked.rows.length });
    const [row, old] = [asked.rows[0], before?.rows[0]];
    if (row === undefined || old === undefined || before?.rows.length !== 1) return t('play.history.first');
    const names = changed(old, row);
    if (names.length === 0) return t('play.history.nothing');
    const shown = names
      .slice(0, NAMES_SHOWN)
      .map((name) => `${name} ${old[name] ?? t('play.missing')} → ${row[name] ?? t('play.missing')}`);
    const more = names.length - NAMES_SHOWN;
    return [...shown, ...(more > 0 ? [t('play.history.more', { n: more })] : [])].join(', ');
  };
  return (
    <Section title={t('play.history')} sub={t('play.history.sub', { n: HISTORY_KEPT })}>
      <ScrollX>
        <table className="tight">
          <thead>
            <tr>
              <th scope="col">{t('endpoint.time')}</th>
              <th scope="col">{t('endpoint.version')}</th>
              <th scope="col" className="num">
                {t('play.score')}
              </th>
              <th scope="col" className="num">
                {t('play.difference')}
              </th>
              <th scope="col">{t('play.history.changed')}</th>
              <th scope="col">
                <span className="sr">{t('play.history.use')}</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {history.map((asked, i) => {
              const before = history[i + 1];
              const single = asked.rows.length === 1 && before?.rows.length === 1;
              const [score, old] = [asked.answers[0]?.score, before?.answers[0]?.score];
              return (
                <tr key={`${asked.at} ${asked.answer.id}`}>
                  <td className="meta nw">{f.clock(asked.at)}</td>
                  <td className="nw">
                    <span className={`sw ${roleOf(endpoint, asked.answer.version)}`} />v{asked.answer.version}
                  </td>
                  <td className="num">{score === undefined || asked.rows.length > 1 ? '' : f.num(score, 3)}</td>
                  <td className="num">
                    {single && score !== undefined && old !== undefined ? f.signed(score - old, 3) : ''}
                  </td>
                  <td className="meta wrap">{changes(asked, before)}</td>
                  <td className="num">
                    <button type="button" className="link" onClick={() => onUse(asked)}>
                      {t('play.history.use')}
                    </button>
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </ScrollX>
    </Section>
  );
}
