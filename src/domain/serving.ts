/** How releases are run, limited, watched and logged by the data plane. */

/** What runs a release's files. */
export type RuntimeSpec =
  | { readonly kind: 'onnx' }
  | {
      readonly kind: 'python';
      /** Absolute path of the interpreter of the model's own locked environment. */
      readonly interpreter: string;
      /** An MLflow model folder (file MLmodel), or a folder with predict.py. */
      readonly entry: 'mlflow' | 'predict.py';
      /** Memory of one process above which it is ended and replaced, MiB. */
      readonly memoryMib: number;
      /** One call above which its process counts as hung, ms. */
      readonly timeoutMs: number;
    }
  | {
      readonly kind: 'proxy';
      /** Base address of a server that speaks the Open Inference Protocol V2 over REST. */
      readonly url: string;
      /** The model's name there. */
      readonly model: string;
      readonly version?: string;
    };

/** Limits of an endpoint; `endpoint.limits` in millwright.yaml. */
export interface EndpointLimits {
  /** Longest wait for an answer when the caller sets none, ms. */
  readonly timeoutMs: number;
  /** Calls that may wait. */
  readonly queue: number;
  /** Calls a second of one client (its token, or its address) and how many at once on top; absent = no limit. */
  readonly perClient?: { readonly perSecond: number; readonly burst: number };
  /** Workers of each model: the least and the most; more are added while calls wait. */
  readonly replicas: { readonly min: number; readonly max: number };
  /** Without a call for this long the model is unloaded; the next call waits until it is back. 0 = never. */
  readonly idleMs: number;
  /** Memory of one Python process, MiB. */
  readonly memoryMib: number;
}

export const ENDPOINT_LIMITS: EndpointLimits = {
  timeoutMs: 30_000,
  queue: 2048,
  replicas: { min: 1, max: 2 },
  idleMs: 0,
  memoryMib: 4096,
};

/** What of the calls is kept; `endpoint.log` in millwright.yaml. */
export interface LogPolicy {
  /** Share of calls that is kept, percent, 0 to 100; chosen by the request id, so that all rows of a call are kept or none. */
  readonly sample: number;
  /** Inputs whose values are replaced by null. */
  readonly redact: readonly string[];
}

export const LOG_POLICY: LogPolicy = { sample: 100, redact: [] };

/** Why a prediction was made: for the caller, or only to compare. */
export type PredictionRole = 'live' | 'shadow';

/** The candidate's answers beside the live ones on the same rows, since the plane started. */
export interface ShadowStats {
  readonly releaseId: string;
  /** Calls and rows that were answered by both. */
  readonly calls: number;
  readonly rows: number;
  /** Rows whose scores differ by more than the tolerance (1e-6 + 1e-4 × |live|). */
  readonly differing: number;
  readonly meanAbsDiff: number;
  readonly maxAbsDiff: number;
  /** Copies the candidate failed, and copies not made because it could not keep up. */
  readonly errors: number;
  readonly dropped: number;
  /** Why the newest of the errors happened. */
  readonly lastError?: string;
  /** The same for each output that both have; of a text output only how many rows differ. */
  readonly outputs: readonly {
    readonly name: string;
    readonly differing: number;
    readonly meanAbsDiff: number;
    readonly maxAbsDiff: number;
  }[];
}
