/** What clients may send as outcomes. */
import { MillwrightError } from '../../domain/errors.ts';
import type { Outcome } from '../../domain/monitoring.ts';

/** `time` is event time in ms (now when absent); true and false count as 1 and 0. */
export interface OutcomeInput {
  readonly predictionId: string;
  readonly name: string;
  readonly value: number | boolean;
  readonly time?: number;
}

const OUTCOMES_PER_CALL = 100_000;

const NAME = /^[A-Za-z_][\w.-]{0,63}$/;
const PREDICTION_ID = /^[^\p{Cc}]{1,200}\/\d{1,9}$/u;
/** The year 9999: later times are a unit mistake (microseconds). */
const LATEST = 253_402_300_799_999;

function refuse(index: number, field: string, message: string, next: string): never {
  throw new MillwrightError('MW-INVALID', `outcome ${index + 1}: ${message}`, {
    where: `outcomes[${index}].${field}`,
    next,
  });
}

function check(input: OutcomeInput, index: number, now: number): Outcome {
  const { predictionId, name, value, time = now } = input;
  if (typeof predictionId !== 'string' || !PREDICTION_ID.test(predictionId)) {
    refuse(
      index,
      'predictionId',
      'the prediction id is not <request id>/<row>',
      'send the id of the answer, e.g. 5f2c…/0',
    );
  }
  if (typeof name !== 'string' || !NAME.test(name)) {
    refuse(
      index,
      'name',
      'not an outcome name',
      'use the name in the monitor, letters, digits, _ . - and at most 64 characters',
    );
  }
  const number = typeof value === 'boolean' ? Number(value) : value;
  if (typeof number !== 'number' || !Number.isFinite(number)) {
    refuse(index, 'value', 'the value is not a finite number or a boolean', 'send 1 or 0 for a yes-or-no outcome');
  }
  if (typeof time !== 'number' || !Number.isFinite(time) || time < 0 || time > LATEST) {
    refuse(index, 'time', 'the time is not in milliseconds since 1970', 'multiply seconds by 1000, or leave it out');
  }
  return { predictionId, name, value: number, time: Math.trunc(time) };
}

/** All of them or none: throws MW-INVALID for the first that is wrong, with its place. */
export function checkOutcomes(inputs: readonly OutcomeInput[], now: number): readonly Outcome[] {
  if (inputs.length > OUTCOMES_PER_CALL) {
    throw new MillwrightError('MW-INVALID', `${inputs.length} outcomes in one call`, {
      where: 'outcomes',
      next: `send at most ${OUTCOMES_PER_CALL} at a time`,
    });
  }
  return inputs.map((input, index) => check(input, index, now));
}
