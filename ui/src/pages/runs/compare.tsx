import { useState } from 'react';
import { useText } from '../../i18n/use-text.tsx';
import { Failed, Waiting } from '../../parts/states.tsx';
import { CompareCurves } from './compare-curves.tsx';
import { parted, useCompared } from './compare-data.ts';
import { CompareTable } from './compare-table.tsx';
import { readCurveView } from './curve-view.ts';

/** Two to six runs beside the table: the first curve that differs, and what differs. */
export function Compare({ project, ids }: { readonly project: string; readonly ids: readonly string[] }) {
  const { t } = useText();
  const [view, setView] = useState(() => readCurveView({}));
  const [focus, setFocus] = useState<string>();
  const [picked, setPicked] = useState<string>();
  const loaded = useCompared(ids);
  if (loaded.data === undefined) {
    return loaded.isError ? (
      <Failed error={loaded.error} what={t('runs.compare')} retry={() => void loaded.refetch()} />
    ) : (
      <Waiting what={t('runs.compare')} />
    );
  }
  const { runs } = loaded.data;
  const { differ, equal } = parted(runs, 'metrics');
  const metrics = [...differ, ...equal];
  const metric = picked ?? metrics.find((one) => one.includes('/') && !one.startsWith('system/')) ?? metrics[0];
  return (
    <>
      <label className="st meta">
        {t('compare.curve')}{' '}
        <select
          className="box"
          aria-label={t('compare.metric')}
          value={metric ?? ''}
          onChange={(event) => setPicked(event.target.value)}
        >
          {metrics.map((one) => (
            <option key={one}>{one}</option>
          ))}
        </select>
      </label>
      <CompareCurves
        runs={runs}
        metrics={metric === undefined ? [] : [metric]}
        view={view}
        onView={setView}
        band=""
        spread="range"
        focus={focus}
        onFocus={setFocus}
      />
      <CompareTable project={project} runs={runs} all={false} compact focus={focus} onFocus={setFocus} />
    </>
  );
}
