/** Ordered shutdown: what was started last stops first, all within one deadline. */

interface LifecycleLog {
  info(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface Lifecycle {
  /** Registers how to stop what was just started. */
  onStop(name: string, stop: () => Promise<void> | void): void;
  /**
   * Stops everything, once; later calls get the same promise. Resolves with the names of what failed or was late.
   * `quiet`: no line in the log, because an error tells the reason.
   */
  stop(reason: string, options?: { readonly quiet?: boolean }): Promise<readonly string[]>;
  readonly stopping: boolean;
  /** Aborted as soon as stopping begins. */
  readonly signal: AbortSignal;
}

export interface SignalSource {
  on(signal: 'SIGTERM' | 'SIGINT', listener: () => void): unknown;
  exit(code: number): void;
}

/** `deadlineMs` is for all of it together; what comes after the deadline is named, not waited for. */
export function createLifecycle(options: { readonly deadlineMs: number; readonly log: LifecycleLog }): Lifecycle {
  const { deadlineMs, log } = options;
  const stops: { readonly name: string; readonly stop: () => Promise<void> | void }[] = [];
  const controller = new AbortController();
  let stopped: Promise<readonly string[]> | undefined;

  async function stopAll(reason: string, quiet: boolean): Promise<readonly string[]> {
    const failed: string[] = [];
    const end = performance.now() + deadlineMs;
    if (!quiet) log.info({ reason }, 'stopping');
    controller.abort(new Error(`stopping: ${reason}`));
    // A stop may register another (a server that was still starting), so the list is read anew each time.
    for (let entry = stops.pop(); entry !== undefined; entry = stops.pop()) {
      const { name, stop } = entry;
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<'late'>((resolve) => {
        timer = setTimeout(() => resolve('late'), Math.max(0, end - performance.now()));
      });
      try {
        const outcome = await Promise.race([Promise.resolve().then(stop), late]);
        if (outcome === 'late') {
          failed.push(name);
          log.error({ part: name, deadlineMs }, 'did not stop in time');
        }
      } catch (error) {
        failed.push(name);
        log.error({ part: name, error }, 'failed to stop');
      } finally {
        clearTimeout(timer);
      }
    }
    return failed;
  }

  return {
    onStop(name, stop) {
      stops.push({ name, stop });
    },
    stop(reason, { quiet = false } = {}) {
      stopped ??= stopAll(reason, quiet);
      return stopped;
    },
    get stopping() {
      return stopped !== undefined;
    },
    signal: controller.signal,
  };
}

/** SIGTERM and SIGINT stop in order and exit 0 (1 when something failed); a second signal exits at once with 130. */
export function stopOnSignals(lifecycle: Lifecycle, source: SignalSource): void {
  for (const name of ['SIGTERM', 'SIGINT'] as const) {
    source.on(name, () => {
      if (lifecycle.stopping) {
        source.exit(130);
        return;
      }
      void lifecycle.stop(name).then((failed) => source.exit(failed.length === 0 ? 0 : 1));
    });
  }
}
