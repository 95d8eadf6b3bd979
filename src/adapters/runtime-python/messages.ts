/** What a model's process is asked and what it says, checked where it arrives. */
import { MillwrightError } from '../../domain/errors.ts';
import type { ModelSignature } from '../../domain/registry.ts';
import type { Tensor } from '../../domain/tensors.ts';
import { decodeTensors } from './frames.ts';
import type { Frame } from './frames.ts';

/** One call. */
export interface PythonCall {
  readonly inputs: readonly Tensor[];
  readonly outputs?: readonly string[];
  readonly params?: Readonly<Record<string, unknown>>;
}

export type PythonAnswer = readonly Tensor[] | MillwrightError;

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

/** What the process says when it has its model. */
export interface Ready {
  readonly signature: ModelSignature;
  readonly example?: readonly Tensor[];
}

/** Throws MW-MODEL-LOAD with the process's reason when it could not load. */
export function readyFrom(frame: Frame, where: string): Ready {
  const { header } = frame;
  if (header['kind'] === 'ready') {
    const signature = header['signature'] as ModelSignature;
    return header['tensors'] === undefined ? { signature } : { signature, example: decodeTensors(frame) };
  }
  const next = textOf(header['next']);
  throw new MillwrightError('MW-MODEL-LOAD', `the model does not load: ${textOf(header['reason'])}`, {
    where,
    ...(next === '' ? {} : { next }),
  });
}

/** The answer to a call. Throws for what no process of ours says. */
export function answerFrom(frame: Frame, id: number): PythonAnswer {
  const { kind, fault } = frame.header;
  if (frame.header['id'] !== id) throw new Error('an answer to another call');
  if (kind === 'done') return decodeTensors(frame);
  if (kind !== 'error') throw new Error('neither an answer nor an error');
  const text = textOf(frame.header['text']);
  if (fault === 'input') {
    return new MillwrightError('MW-TENSOR', text, {
      where: 'inputs',
      next: 'GET /v2/models/<endpoint> shows the inputs the model takes',
    });
  }
  if (fault === 'value') {
    return new MillwrightError('MW-MODEL-REFUSED', `the model refused the values: ${text}`, {
      where: 'inputs',
      next: 'compare the values with those the model was trained on',
    });
  }
  return new MillwrightError('MW-MODEL-OUTPUT', `the model failed on this request: ${text}`, {
    next: 'try the same rows with the model in its own environment, correct it, and deploy a new version',
  });
}
