/** Looks at a scheduler's deadlines while there is something in it; a lonely call neither starts nor stops a timer. */

const SWEEP_MS = 100;
/** Looks at nothing after which the timer rests. */
const IDLE_SWEEPS = 10;

export interface Sweeper {
  wake(): void;
  stop(): void;
}

export function createSweeper(sweep: () => void, isIdle: () => boolean): Sweeper {
  let timer: NodeJS.Timeout | undefined;
  let idle = 0;
  const stop = (): void => {
    clearInterval(timer);
    timer = undefined;
  };
  return {
    wake() {
      idle = 0;
      if (timer !== undefined) return;
      timer = setInterval(() => {
        sweep();
        idle = isIdle() ? idle + 1 : 0;
        if (idle >= IDLE_SWEEPS) stop();
      }, SWEEP_MS);
      timer.unref();
    },
    stop,
  };
}
