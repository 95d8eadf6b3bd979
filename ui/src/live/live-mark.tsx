import { useEffect, useState } from 'react';
import { useText } from '../i18n/use-text.tsx';
import { useLive } from './use-live.tsx';

/** The clock of the page, one tick a second, stopped in a hidden tab. */
export function useNow(everyMs = 1000): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => {
      if (!document.hidden) setNow(Date.now());
    }, everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now;
}

/** Live, behind by n s, or not connected with the next try. The data stays; it ages. */
export function LiveMark() {
  const { t, f } = useText();
  const { state, retry } = useLive();
  const now = useNow();
  if (state.kind === 'live') {
    return (
      <span className="live">
        <i className="on" />
        {t('live.on')}
        <span className="hide-s dim">{new Date(now).toLocaleTimeString('en-GB')}</span>
      </span>
    );
  }
  if (state.kind === 'behind') {
    return (
      <span className="live">
        <i className="late" />
        {t('live.behind', { time: f.duration(now - state.since) })}
      </span>
    );
  }
  return (
    <span className="live">
      <i className="off" />
      <span>{t('live.off')}</span>
      <span className="hide-s dim">
        {t('live.next', { seconds: Math.max(0, Math.ceil((state.next - now) / 1000)) })}
      </span>
      <button type="button" className="link" onClick={retry}>
        {t('live.retry')}
      </button>
    </span>
  );
}
