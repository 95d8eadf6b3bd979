/** One inference as the replay sends it, and what came back. */
import type { InputColumn, ReplayMoment } from './replay-file.ts';

export interface InferCall {
  /** Becomes the prediction id: row i is `<id>/<i>`. */
  readonly id: string;
  readonly moment: ReplayMoment;
}

export interface InferSender {
  readonly protocol: 'REST' | 'gRPC';
  /** The model version that answered. Throws on any answer but success: nothing is tried twice. */
  send(call: InferCall): Promise<number>;
  close(): void;
}

/** A column of text is BYTES, every other FP32: what exported scikit-learn pipelines take. */
export function datatypeOf(column: InputColumn): 'BYTES' | 'FP32' {
  return typeof column[0] === 'string' ? 'BYTES' : 'FP32';
}

export function versionOf(text: unknown): number {
  const version = Number(text);
  return Number.isInteger(version) && version > 0 ? version : 0;
}
