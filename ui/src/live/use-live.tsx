import { useQueryClient } from '@tanstack/react-query';
import { createContext, useContext, useEffect, useMemo, useRef, useState, type ReactNode } from 'react';
import { openStream, type LiveState } from './stream.ts';

interface Live {
  readonly state: LiveState;
  readonly retry: () => void;
}

const LiveContext = createContext<Live | undefined>(undefined);

/** Which resources an event makes old, by the part of its type before the dot. `home` and `events` always are. */
const TOUCHES: Readonly<Record<string, readonly string[]>> = {
  project: ['monitors', 'pipeline-runs'],
  dataset: ['datasets'],
  environment: ['pipeline-runs'],
  pipeline_run: ['pipeline-runs', 'runs', 'lineage'],
  step_run: ['pipeline-runs'],
  model: ['pipeline-runs', 'models'],
  model_version: ['models', 'pipeline-runs', 'lineage'],
  alias: ['models', 'endpoints'],
  image: ['models'],
  release: ['endpoints', 'models', 'lineage'],
  rollout: ['endpoints', 'models'],
  endpoint: ['endpoints', 'models'],
  monitor: ['monitors', 'alerts'],
  alert: ['monitors', 'alerts', 'lineage'],
  trigger: ['alerts'],
  data_plane: ['endpoints'],
};

/** Many events in a row cost one refetch. */
const GATHER_MS = 300;

export function LiveProvider({ children }: { readonly children: ReactNode }) {
  const client = useQueryClient();
  const [state, setState] = useState<LiveState>(() => ({ kind: 'off', next: Date.now() }));
  const retry = useRef<() => void>(() => {});
  useEffect(() => {
    const old = new Set<string>();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const refresh = (): void => {
      timer = undefined;
      for (const key of old) void client.invalidateQueries({ queryKey: [key] });
      old.clear();
    };
    const stream = openStream('/api/v1/stream', {
      onState: (next) =>
        setState((was) => (was.kind === 'live' && next.kind === 'live' && next.at - was.at < 1000 ? was : next)),
      onEvent: (event) => {
        for (const key of ['home', 'events', ...(TOUCHES[event.type.split('.')[0] ?? ''] ?? [])]) old.add(key);
        timer ??= setTimeout(refresh, GATHER_MS);
      },
      onResume: () => void client.invalidateQueries(),
    });
    retry.current = stream.retry;
    return () => {
      clearTimeout(timer);
      stream.close();
    };
  }, [client]);
  const live = useMemo(() => ({ state, retry: () => retry.current() }), [state]);
  return <LiveContext.Provider value={live}>{children}</LiveContext.Provider>;
}

export function useLive(): Live {
  const live = useContext(LiveContext);
  if (live === undefined) throw new Error('useLive outside of LiveProvider');
  return live;
}
