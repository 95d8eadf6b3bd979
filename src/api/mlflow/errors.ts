/** MillwrightError as MLflow's error body: `error_code` and `message`; the status decides whether its clients try again. */
import { MillwrightError } from '../../domain/errors.ts';
import type { ErrorCode } from '../../domain/errors.ts';

export interface MlflowError {
  readonly status: number;
  readonly body: { readonly error_code: string; readonly message: string };
}

/** MLflow answers 400 where our own API says 409; its clients and its test suite expect that. */
const STATUS: Readonly<Record<string, number>> = {
  RESOURCE_ALREADY_EXISTS: 400,
  INVALID_PARAMETER_VALUE: 400,
  BAD_REQUEST: 400,
};

function fromFastify(error: {
  readonly code?: unknown;
  readonly statusCode?: unknown;
  readonly message?: unknown;
}): MillwrightError {
  const status = typeof error.statusCode === 'number' ? error.statusCode : 500;
  const message = typeof error.message === 'string' ? error.message : 'bad request';
  if (error.code === 'FST_ERR_CTP_BODY_TOO_LARGE') {
    return new MillwrightError('MW-BODY-TOO-LARGE', 'the body is larger than 1,000,000 bytes', {
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
  return {
    // A body that is too large is not tried again by any client: 413 is not among the statuses that are.
    status: status === 413 || status === 415 ? status : (STATUS[mlflow] ?? status),
    body: { error_code: mlflow, message: `${known.message}${next}` },
  };
}
