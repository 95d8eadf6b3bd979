import { useQuery } from '@tanstack/react-query';
import { useRouter } from '@tanstack/react-router';
import { useEffect, useRef, useState } from 'react';
import { addresses } from '../../api/addresses.ts';
import { runQueries } from '../../api/run-queries.ts';
import type { Run } from '../../api/types.ts';
import { useText } from '../../i18n/use-text.tsx';
import { useKeys } from '../../keys/use-keys.ts';
import { useGo } from '../../parts/go.tsx';
import { PageHead } from '../../parts/page-head.tsx';
import { Section } from '../../parts/section.tsx';
import { Empty } from '../../parts/states.tsx';
import { Page } from '../page.tsx';
import { MOST_COMPARED } from './bulk-bar.tsx';
import { CompareCurves } from './compare-curves.tsx';
import { nameOf, numericFields, parted, useCompared } from './compare-data.ts';
import {
  compareQueryString,
  readBrushes,
  viewOf,
  withView,
  writeBrushes,
  type CompareSearch,
} from './compare-search.ts';
import { CompareTable } from './compare-table.tsx';
import { useCopyLink } from './copy-link.ts';
import { CurveControls } from './curve-controls.tsx';
import { betterIs } from './metric-sense.ts';
import { axesFor, Parallel } from './parallel.tsx';
import { Scatter } from './scatter.tsx';

/** Metrics that are drawn before a person chose. */
const FIRST_CURVES = 4;

/** Metrics that at least one of the first runs logged more than once. */
function useCurveKeys(runs: readonly Run[]): readonly string[] {
  const names = [...new Set(runs.flatMap((run) => Object.keys(run.metrics)))].toSorted();
  const probe = useQuery({
    ...runQueries.curves(
      runs.slice(0, 10).map((run) => run.id),
      names.slice(0, 50),
      {
        maxPoints: 2,
        live: false,
      },
    ),
  }).data;
  const found = new Set(probe?.curves.filter((one) => one.total > 1).map((one) => one.key));
  return names.filter((name) => found.has(name));
}

interface DetailProps {
  readonly project: string;
  readonly runs: readonly Run[];
  readonly missing: number;
  readonly search: CompareSearch;
}

function Detail({ project, runs, missing, search }: DetailProps) {
  const { t } = useText();
  const router = useRouter();
  const go = useGo();
  const copyLink = useCopyLink();
  const [focus, setFocus] = useState<string>();
  const latest = useRef(search);
  useEffect(() => {
    latest.current = search;
  });
  const set = (change: Partial<CompareSearch>): void => {
    latest.current = { ...latest.current, ...change };
    router.history.replace(`${addresses.compare(project, []).split('?')[0]}${compareQueryString(latest.current)}`);
  };
  const view = viewOf(search);
  const all = search.rows === 'all';
  const keys = useCurveKeys(runs);
  const system = (key: string): boolean => key.startsWith('system/');
  const curves =
    search.curves === '' ? keys.filter((key) => !system(key)).slice(0, FIRST_CURVES) : search.curves.split(',');
  const params = parted(runs, 'params');
  const metrics = parted(runs, 'metrics');
  const fields = numericFields(runs);
  const judged = metrics.differ.filter((name) => betterIs(name) !== undefined);
  const colour = search.colour === '' ? (judged[0] === undefined ? undefined : `metrics.${judged[0]}`) : search.colour;
  const axes =
    search.axes === ''
      ? axesFor(
          runs,
          [...params.differ.map((name) => `params.${name}`), ...fields.filter((one) => one.startsWith('metrics.'))],
          colour,
        )
      : search.axes.split(',');
  const [sx, sy] = [
    search.sx === '' ? (fields[0] ?? '') : search.sx,
    search.sy === '' ? (colour ?? fields[1] ?? '') : search.sy,
  ];
  const bands = [
    ...params.differ.map((name) => `params.${name}`),
    ...parted(runs, 'tags')
      .differ.filter((name) => !name.startsWith('mlflow.'))
      .map((name) => `tags.${name}`),
  ];
  useKeys([
    { keys: 'y', label: t('link.copy'), run: copyLink },
    { keys: 'd', label: t('compare.only'), run: () => set({ rows: all ? '' : 'all' }) },
    { keys: 'l', label: t('curves.log'), run: () => set(withView({ ...view, log: !view.log })) },
  ]);
  return (
    <>
      <PageHead
        title={t('runs.compare')}
        answer={t('compare.answer', {
          n: runs.length,
          params: t('compare.params', { n: params.differ.length }),
          metrics: t('compare.metrics', { n: metrics.differ.length }),
        })}
        lede={missing > 0 ? t('compare.missing', { n: missing }) : undefined}
        actions={
          <button type="button" className="btn" onClick={copyLink}>
            {t('link.copy')} <kbd>Y</kbd>
          </button>
        }
      />
      <Section
        first
        title={t(all ? 'compare.everything' : 'compare.differs')}
        right={
          <label className="st">
            <input type="checkbox" checked={!all} onChange={() => set({ rows: all ? '' : 'all' })} />
            {t('compare.only')} <kbd>D</kbd>
          </label>
        }
      >
        <CompareTable project={project} runs={runs} all={all} focus={focus} onFocus={setFocus} />
      </Section>
      <Section
        title={t('run.curves')}
        sub={t('compare.curves.sub', { n: curves.length, all: keys.length })}
        right={<CurveControls view={view} onView={(next) => set(withView(next))} />}
      >
        <div className="curvecontrols">
          <details className="choose">
            <summary>{t('compare.curves.choose')}</summary>
            <div className="pick">
              {keys.map((key) => (
                <label key={key} className="st">
                  <input
                    type="checkbox"
                    checked={curves.includes(key)}
                    onChange={() =>
                      set({
                        curves: (curves.includes(key) ? curves.filter((one) => one !== key) : [...curves, key]).join(
                          ',',
                        ),
                      })
                    }
                  />{' '}
                  <span className="mono">{key}</span>
                </label>
              ))}
            </div>
          </details>
          <label className="st">
            {t('compare.band')}
            <select value={search.band} onChange={(event) => set({ band: event.target.value })}>
              <option value="">{t('compare.band.none')}</option>
              {bands.map((field) => (
                <option key={field} value={field}>
                  {nameOf(field)}
                </option>
              ))}
            </select>
          </label>
          {search.band === '' ? null : (
            <label className="st">
              {t('compare.spread')}
              <select value={search.spread} onChange={(event) => set({ spread: event.target.value })}>
                <option value="">{t('compare.spread.range')}</option>
                <option value="sd">{t('compare.spread.sd')}</option>
              </select>
            </label>
          )}
        </div>
        <CompareCurves
          runs={runs}
          metrics={curves}
          view={view}
          onView={(next) => set(withView(next))}
          band={search.band}
          spread={search.spread === 'sd' ? 'sd' : 'range'}
          focus={focus}
          onFocus={setFocus}
          height={210}
        />
      </Section>
      {axes.length < 2 ? null : (
        <Section
          title={t('parallel.title')}
          sub={t('parallel.sub', { metric: colour === undefined ? '' : nameOf(colour) })}
          right={
            <label className="st">
              {t('parallel.colour')}
              <select value={colour ?? ''} onChange={(event) => set({ colour: event.target.value })}>
                {fields.map((field) => (
                  <option key={field} value={field}>
                    {nameOf(field)}
                  </option>
                ))}
              </select>
            </label>
          }
        >
          <Parallel
            runs={runs}
            axes={axes}
            colour={colour}
            brushes={readBrushes(search.brush)}
            onBrushes={(brushes) => set({ brush: writeBrushes(brushes) })}
            focus={focus}
            onFocus={setFocus}
          />
        </Section>
      )}
      {fields.length < 2 ? null : (
        <Section title={t('scatter.title')} sub={t('scatter.sub')}>
          <Scatter
            runs={runs}
            fields={fields}
            x={sx}
            y={sy}
            logX={search.slog.includes('x')}
            logY={search.slog.includes('y')}
            onChange={({ x, y, logX, logY }) => {
              const log = `${(logX ?? search.slog.includes('x')) ? 'x' : ''}${(logY ?? search.slog.includes('y')) ? 'y' : ''}`;
              set({ slog: log, ...(x === undefined ? {} : { sx: x }), ...(y === undefined ? {} : { sy: y }) });
            }}
            focus={focus}
            onFocus={setFocus}
            onOpen={(id) => go(addresses.run(project, id))}
          />
        </Section>
      )}
    </>
  );
}

/** Compare as a page of its own: its address holds the whole view and can be sent. */
export function ComparePage({ project, search }: { readonly project: string; readonly search: CompareSearch }) {
  const { t } = useText();
  const ids = search.runs.split(',').filter(Boolean).slice(0, MOST_COMPARED);
  const loaded = useCompared(ids);
  if (ids.length < 2) {
    return (
      <>
        <PageHead title={t('runs.compare')} answer={t('compare.few')} />
        <Empty title={t('runs.compare')} text={t('compare.few.text')} />
      </>
    );
  }
  return (
    <Page query={loaded} title={t('runs.compare')}>
      {({ runs }) => <Detail project={project} runs={runs} missing={ids.length - runs.length} search={search} />}
    </Page>
  );
}
