/** Requests to a session and back: in a worker as on the gateway's own thread. */
import type { Tensor } from '../../domain/tensors.ts';
import type { EngineSession } from './engine.ts';
import { isBatchable, mergeInputs, splitOutputs } from './merge.ts';
import type { JobResult, RunJob } from './messages.ts';
import { feedOf, tensorOf } from './ort-types.ts';
import type { Feed, Fetched } from './ort-types.ts';

export interface SessionRunner {
  /** The jobs share one merge key. Never throws: each job has its answer or its error. Not a promise when the engine runs here and now. */
  run(jobs: readonly RunJob[]): readonly JobResult[] | Promise<readonly JobResult[]>;
}

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

export function createSessionRunner(session: EngineSession): SessionRunner {
  const batchable = isBatchable(session.signature);

  function feedsOf(inputs: readonly Tensor[]): Record<string, Feed> {
    const feeds: Record<string, Feed> = {};
    for (const input of inputs) feeds[input.name] = feedOf(input);
    return feeds;
  }

  function answerOf(fetched: Fetched): Tensor[] {
    const answer: Tensor[] = [];
    for (const { name } of session.signature.outputs) {
      const value = fetched[name];
      if (value !== undefined) answer.push(tensorOf(name, value));
    }
    return answer;
  }

  function one(job: RunJob): JobResult | Promise<JobResult> {
    try {
      const fetched = session.run(feedsOf(job.inputs), job.outputs);
      if (!(fetched instanceof Promise)) return { outputs: answerOf(fetched) };
      return fetched.then(
        (found) => ({ outputs: answerOf(found) }),
        (error: unknown) => ({ error: reasonOf(error) }),
      );
    } catch (error) {
      return { error: reasonOf(error) };
    }
  }

  function cut(jobs: readonly RunJob[], fetched: Fetched): readonly JobResult[] | undefined {
    return splitOutputs(jobs, answerOf(fetched))?.map((outputs) => ({ outputs }));
  }

  /** Each alone: one bad request must not fail its neighbours, and gets its own error. */
  function apart(jobs: readonly RunJob[]): readonly JobResult[] | Promise<readonly JobResult[]> {
    const results = jobs.map(one);
    const done = results.filter((result): result is JobResult => !(result instanceof Promise));
    return done.length === results.length ? done : Promise.all(results.map((result) => Promise.resolve(result)));
  }

  return {
    run(jobs) {
      const [first] = jobs;
      if (first === undefined || jobs.length === 1 || !batchable) return apart(jobs);
      try {
        const fetched = session.run(feedsOf(mergeInputs(jobs)), first.outputs);
        if (!(fetched instanceof Promise)) return cut(jobs, fetched) ?? apart(jobs);
        return fetched.then((found) => cut(jobs, found) ?? apart(jobs)).catch(() => apart(jobs));
      } catch {
        return apart(jobs);
      }
    },
  };
}
