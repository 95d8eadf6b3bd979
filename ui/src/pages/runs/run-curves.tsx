import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { runQueries } from '../../api/run-queries.ts';
import type { RunDetail } from '../../api/types.ts';
import { lastKnown } from '../../charts/curve-lines.ts';
import { useText } from '../../i18n/use-text.tsx';
import { Section } from '../../parts/section.tsx';
import { Failed, Waiting } from '../../parts/states.tsx';
import { CurveControls } from './curve-controls.tsx';
import { CurveFigure } from './curve-figure.tsx';
import { lineOf, rangeAsked, type CurveView } from './curve-view.ts';

export interface RunCurvesProps {
  readonly detail: RunDetail;
  readonly view: CurveView;
  readonly onView: (view: CurveView) => void;
}

const SYSTEM = 'system';
/** Curves of a group that are drawn before a person asks for all. */
const FIRST = 12;
const MOST = 50;

/** `train/loss` belongs to train; what has no prefix stands first, what the system measured last. */
function groupsOf(keys: readonly string[]): readonly (readonly [name: string, keys: readonly string[]])[] {
  const groups = new Map<string, string[]>();
  for (const key of keys.toSorted()) {
    const slash = key.indexOf('/');
    const name = slash < 0 ? '' : key.slice(0, slash);
    const there = groups.get(name);
    if (there === undefined) groups.set(name, [key]);
    else there.push(key);
  }
  const rank = (name: string): number => (name === '' ? 0 : name === SYSTEM ? 2 : 1);
  return [...groups].toSorted(([a], [b]) => rank(a) - rank(b) || (a < b ? -1 : 1));
}

function Group({
  name,
  keys,
  detail,
  view,
  onView,
}: RunCurvesProps & { readonly name: string; readonly keys: readonly string[] }) {
  const { t, f } = useText();
  const [all, setAll] = useState(false);
  const shown = keys.slice(0, all ? MOST : FIRST);
  const { run } = detail;
  const answer = useQuery(
    runQueries.curves([run.id], shown, { maxPoints: 1000, range: rangeAsked(view), live: run.status === 'RUNNING' }),
  );
  if (answer.data === undefined) {
    return answer.isError ? (
      <Failed error={answer.error} what={t('run.curves')} retry={() => void answer.refetch()} />
    ) : (
      <Waiting rows={4} what={t('run.curves')} />
    );
  }
  return (
    <>
      <div className="curves">
        {answer.data.curves.map((curve) => {
          const line = lineOf(curve, view, { id: curve.key, name: '', color: 'var(--ink)' });
          const last = lastKnown(line);
          const short = name === '' ? curve.key : curve.key.slice(name.length + 1);
          return (
            <CurveFigure
              key={curve.key}
              title={
                <>
                  <b title={curve.key}>{short}</b>{' '}
                  <span className="dim">
                    {curve.total > curve.points.length
                      ? t('run.sampled', { shown: curve.points.length, total: curve.total })
                      : t('run.points', { n: curve.total })}
                  </span>
                </>
              }
              metric={curve.key}
              lines={[{ ...line, name: last === undefined ? '' : f.num(last) }]}
              view={view}
              onView={onView}
              height={156}
              sync="run"
            />
          );
        })}
      </div>
      {keys.length > shown.length && shown.length < MOST ? (
        <button type="button" className="link" onClick={() => setAll(true)}>
          {t('run.curves.all', { n: Math.min(MOST, keys.length) })}
        </button>
      ) : null}
    </>
  );
}

/** Small multiples of every metric that was logged more than once, by prefix, with one hairline for all. */
export function RunCurves(props: RunCurvesProps) {
  const { t } = useText();
  const [text, setText] = useState('');
  const { detail, view, onView } = props;
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const curved = detail.metricKeys.filter(({ points }) => points > 1).map(({ key }) => key);
  const found = curved.filter((key) => words.every((word) => key.toLowerCase().includes(word)));
  const groups = groupsOf(found);
  return (
    <Section
      first
      title={t('run.curves')}
      sub={t('run.curves.n', { n: found.length })}
      right={curved.length === 0 ? undefined : <CurveControls view={view} onView={onView} />}
    >
      {curved.length === 0 ? (
        <p className="mut">{t('run.curves.none')}</p>
      ) : (
        <>
          {curved.length <= 6 ? null : (
            <input
              className="box findbox"
              value={text}
              onChange={(event) => setText(event.target.value)}
              aria-label={t('run.curves.find')}
              placeholder={t('run.curves.find')}
              autoComplete="off"
              spellCheck={false}
            />
          )}
          {groups.map(([name, keys]) => (
            <details key={name} open={name !== SYSTEM || groups.length === 1} className="curvegroup">
              <summary>
                <b>{name === '' ? t('run.metrics') : name === SYSTEM ? t('run.system') : name}</b>{' '}
                <span className="dim">{keys.length}</span>
              </summary>
              <Group {...props} name={name} keys={keys} />
            </details>
          ))}
        </>
      )}
    </Section>
  );
}
