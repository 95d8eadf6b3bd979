import { useText } from '../../i18n/use-text.tsx';
import type { CurveView } from './curve-view.ts';

export interface CurveControlsProps {
  readonly view: CurveView;
  readonly onView: (view: CurveView) => void;
}

/** One set of controls for all curves of a page. */
export function CurveControls({ view, onView }: CurveControlsProps) {
  const { t } = useText();
  return (
    <div className="curvecontrols" role="group" aria-label={t('curves.controls')}>
      <label className="st">
        {t('curves.smooth')}
        <input
          type="range"
          min="0"
          max="0.99"
          step="0.01"
          value={view.smooth}
          onChange={(event) => onView({ ...view, smooth: Number(event.target.value) })}
        />
        <output>{view.smooth.toFixed(2)}</output>
      </label>
      <label className="st">
        {t('curves.x')}
        <select
          value={view.x}
          onChange={(event) => {
            const x = event.target.value;
            onView({ ...view, x: x === 'time' || x === 'relative' ? x : 'step', zoom: undefined });
          }}
        >
          <option value="step">{t('run.step')}</option>
          <option value="relative">{t('curves.relative')}</option>
          <option value="time">{t('curves.time')}</option>
        </select>
      </label>
      <label className="st">
        <input
          type="checkbox"
          checked={view.log}
          onChange={(event) => onView({ ...view, log: event.target.checked })}
        />
        {t('curves.log')}
      </label>
      {view.zoom === undefined ? null : (
        <button type="button" className="btn sm" onClick={() => onView({ ...view, zoom: undefined })}>
          {t('curves.reset')}
        </button>
      )}
    </div>
  );
}
