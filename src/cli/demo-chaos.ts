/**
 * `mw demo --kill`: kills the control plane with SIGKILL, once while a model trains and once in the middle of the replay, and starts
 * it again on the same home. The story goes on and is held to the same expectations, and no finished step may have run twice.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { ensureServer } from '../app/background.ts';
import type { ServerRecord } from '../app/server.ts';
import type { Config } from '../platform/config.ts';
import { apiAt, unwrap } from './client/client.ts';
import type { Expectation, StoryEvent } from './demo/story.ts';

export interface Chaos {
  watch(event: StoryEvent): void;
  /** Waits for a restart under way; then what was held. */
  expectations(url: string): Promise<readonly Expectation[]>;
}

const DOWN_MS = 2500;

export function createChaos(config: Config, folder: string, server: ServerRecord, say: (text: string) => void): Chaos {
  let pid = server.pid;
  let work: Promise<void> = Promise.resolve();
  const done = { training: false, replay: false };

  async function kill(when: string, afterMs: number): Promise<void> {
    await sleep(afterMs);
    process.kill(pid, 'SIGKILL');
    say(`kill -9 of the control plane (pid ${pid}) ${when}; predictions go on`);
    await sleep(DOWN_MS);
    const next = await ensureServer(config, folder, () => undefined);
    pid = next.pid;
    say(`the control plane is back (pid ${pid})`);
  }

  return {
    watch(event) {
      if (event.kind !== 'live') return;
      if (!done.training && event.figures.activity === 'pipeline') {
        done.training = true;
        // Far enough into the run that steps have finished and one is under way.
        work = work.then(() => kill('while a model trains', 6000));
      } else if (!done.replay && done.training && event.figures.activity === 'none' && event.share > 0.6) {
        done.replay = true;
        work = work.then(() => kill('in the middle of the replay', 0));
      }
    },
    async expectations(url) {
      await work;
      const client = apiAt(url, config.token);
      const { pipelineRuns } = await unwrap(client.GET('/api/v1/pipeline-runs', { params: { query: { limit: 100 } } }));
      let steps = 0;
      let repeated = 0;
      for (const run of pipelineRuns) {
        const detail = await unwrap(client.GET('/api/v1/pipeline-runs/{id}', { params: { path: { id: run.id } } }));
        for (const step of detail.steps) {
          steps += step.attempts.length > 0 ? 1 : 0;
          repeated += Math.max(0, step.attempts.length - 1);
        }
      }
      return [
        {
          what: 'the control plane was killed while training and while replaying',
          held: done.training && done.replay,
          detail: '',
        },
        {
          what: 'no finished step ran again',
          held: repeated === 0,
          detail: `${steps} steps run, ${repeated} repeated`,
        },
      ];
    },
  };
}
