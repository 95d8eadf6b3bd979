/** What the prediction log is told of an answered call. */
import type { PredictionRole } from '../../domain/serving.ts';
import type { Tensor } from '../../domain/tensors.ts';

export interface PredictionRecord {
  readonly endpoint: string;
  readonly id: string;
  /** Event time, ms. */
  readonly time: number;
  readonly receivedAt: number;
  readonly version: number;
  readonly releaseId: string;
  readonly latencyMs: number;
  readonly rows: number;
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
  /** Default: live. */
  readonly role?: PredictionRole;
  /** The A/B test that chose the version. */
  readonly experiment?: string;
  /** Names of inputs whose values are not kept: they are logged as null. */
  readonly redact?: readonly string[];
}
