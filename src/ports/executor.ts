/** Runs one attempt of a step somewhere. Submission is idempotent by attempt id; the work outlives the server. */

export interface AttemptSpec {
  readonly attemptId: string;
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Files to lay into the working folder before start: relative path -> blob digest. */
  readonly files: readonly { readonly path: string; readonly digest: string }[];
  readonly timeoutMs: number;
  /** Log bytes kept; a step that prints more goes on, and what is cut is counted in the log. */
  readonly logLimitBytes: number;
  /** Bytes the step may add to its working folder (inputs not counted) before it is stopped (MW-DISK-FULL). */
  readonly diskLimitBytes: number;
}

export type AttemptState =
  | { readonly state: 'unknown' }
  | { readonly state: 'running'; readonly startedAt: number }
  | {
      readonly state: 'exited';
      readonly startedAt: number;
      readonly endedAt: number;
      readonly exitCode?: number;
      readonly signal?: string;
      /** Why the supervisor ended it, if it did. */
      readonly ended?: 'timeout' | 'cancelled' | 'disk';
      /** Could not be started at all. */
      readonly startError?: string;
      readonly peakRssBytes?: number;
      readonly cpuSeconds?: number;
    }
  /** Neither a process nor an exit record: the machine or the supervisor died. */
  | { readonly state: 'lost' };

export interface ExecutorCaps {
  readonly resources: boolean;
  readonly remote: boolean;
}

export interface Executor {
  readonly caps: ExecutorCaps;
  submit(spec: AttemptSpec): Promise<void>;
  status(attemptId: string): Promise<AttemptState>;
  /** TERM to the group, 5 s, KILL; resolves when no process of the group is left. */
  cancel(attemptId: string): Promise<void>;
  /** Resolves when the attempt may have changed its state, after `maxMs` at the latest. A hint: `status` decides. */
  wait(attemptId: string, maxMs: number): Promise<void>;
  /** Adds text to an attempt's log: for steps that the server does itself (data, environment). */
  note(attemptId: string, text: string): Promise<void>;
  /** Bytes of the combined log from `offset` (negative: from the end), at most 256 KiB, and the offset after them. */
  log(attemptId: string, offset: number): Promise<{ readonly text: string; readonly next: number }>;
  /** Absolute path of an output on this machine, or undefined when the step did not make it. Throws MW-PATH for a name or link that leaves the folder. */
  output(attemptId: string, name: string): Promise<string | undefined>;
  /** Attempts that still have a working folder. */
  list(): Promise<readonly string[]>;
  /** Removes the working folder; the log and the exit record stay. */
  clean(attemptId: string): Promise<void>;
}
