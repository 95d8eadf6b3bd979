/** MillwrightError as MLflow's error body: code, message, SQL state and class; the status decides whether its clients try again. */
import { MillwrightError } from '../../domain/errors.ts';
import type { ErrorCode } from '../../domain/errors.ts';

export interface MlflowError {
  readonly status: number;
  readonly body: {
    readonly error_code: string;
    readonly message: string;
    readonly sqlstate?: string;
    readonly error_class?: string;
  };
}

/** MLflow answers 400 where our own API says 409; its clients and its test suite expect that. */
const STATUS: Readonly<Record<string, number>> = {
  RESOURCE_ALREADY_EXISTS: 400,
  INVALID_PARAMETER_VALUE: 400,
  BAD_REQUEST: 400,
};

const BAD_INPUT = 'KAM00';
const FAULT = 'XXM00';

/** MLflow's `error_classification.py`: SQL state and class by code; a code that is not there has neither. */
const CLASSES: Readonly<Record<string, readonly [sqlstate: string, errorClass: string]>> = {
  BAD_REQUEST: [BAD_INPUT, 'INVALID_PARAMETER_VALUE'],
  INVALID_PARAMETER_VALUE: [BAD_INPUT, 'INVALID_PARAMETER_VALUE'],
  PERMISSION_DENIED: [BAD_INPUT, 'PERMISSION_DENIED'],
  ENDPOINT_NOT_FOUND: [BAD_INPUT, 'RESOURCE_NOT_FOUND'],
  RESOURCE_DOES_NOT_EXIST: [BAD_INPUT, 'RESOURCE_NOT_FOUND'],
  RESOURCE_ALREADY_EXISTS: [BAD_INPUT, 'RESOURCE_ALREADY_EXISTS'],
  INVALID_STATE: [FAULT, 'CLIENT_INTERNAL_ERROR'],
  INTERNAL_ERROR: [FAULT, 'CLIENT_INTERNAL_ERROR'],
  TEMPORARILY_UNAVAILABLE: [FAULT, 'CLIENT_INTERNAL_ERROR'],
};

function fromFastify(error: {
  readonly code?: unknown;
  readonly statusCode?: unknown;
  readonly message?: unknown;
}): MillwrightError {
  const status = typeof error.statusCode === 'number' ? error.statusCode : 500;
  const message = typeof error.message === 'string' ? error.message : 'bad request';
  if (error.code === 'FST_ERR_CTP_BODY_TOO_LARGE') {
    return new MillwrightError('MW-BODY-TOO-LARGE', 'the body is larger than this route takes', {
      next: 'send it in several requests',
    });
  }
  const code: ErrorCode = status === 404 ? 'MW-ROUTE' : status < 500 ? 'MW-INVALID' : 'MW-INTERNAL';
  return new MillwrightError(
    code,
    code === 'MW-INTERNAL' ? 'something failed inside the server; its log has the details' : message,
  );
}

/** Any error as it goes out. A fault of ours says nothing of its inside. */
export function toMlflowError(error: unknown): MlflowError {
  const known =
    error instanceof MillwrightError ? error : fromFastify(typeof error === 'object' && error !== null ? error : {});
  const { mlflow, status } = known.kind;
  const next = known.next === undefined ? '' : ` (${known.next})`;
  const classes = CLASSES[mlflow];
  return {
    // A body that is too large is not tried again by any client: 413 is not among the statuses that are.
    status: status === 413 || status === 415 ? status : (STATUS[mlflow] ?? status),
    body: {
      error_code: mlflow,
      message: `${known.message}${next}`,
      ...(classes === undefined ? {} : { sqlstate: classes[0], error_class: classes[1] }),
    },
  };
}
