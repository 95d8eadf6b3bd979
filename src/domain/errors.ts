/** The one table of coded errors. Every transport (HTTP, MLflow, gRPC, CLI) maps from here and from nowhere else. */

/** `status`: HTTP; `mlflow`: MLflow's error_code; `exit`: the CLI's exit code (1 failure, 2 usage). gRPC follows `status`. */
interface ErrorKind {
  readonly status: number;
  readonly mlflow: string;
  readonly exit: 1 | 2;
}

const kind = (status: number, mlflow: string, exit: 1 | 2 = 1): ErrorKind => ({ status, mlflow, exit });

export const ERRORS = {
  // input
  'MW-INVALID': kind(400, 'INVALID_PARAMETER_VALUE', 2),
  'MW-BODY-TOO-LARGE': kind(413, 'BAD_REQUEST', 2),
  'MW-BODY-TOO-DEEP': kind(400, 'BAD_REQUEST', 2),
  'MW-MEDIA-TYPE': kind(415, 'BAD_REQUEST', 2),
  // A part of a public protocol that is not spoken here: the caller has to do without it.
  'MW-UNSUPPORTED': kind(400, 'NOT_IMPLEMENTED', 2),
  'MW-PATH': kind(400, 'INVALID_PARAMETER_VALUE', 2),
  'MW-NOT-FOUND': kind(404, 'RESOURCE_DOES_NOT_EXIST'),
  'MW-ROUTE': kind(404, 'ENDPOINT_NOT_FOUND', 2),
  'MW-EXISTS': kind(409, 'RESOURCE_ALREADY_EXISTS'),
  'MW-STATE': kind(409, 'INVALID_STATE'),
  'MW-CONFLICT': kind(409, 'RESOURCE_CONFLICT'),
  // who may
  'MW-HOST': kind(403, 'PERMISSION_DENIED'),
  'MW-UNAUTHENTICATED': kind(401, 'UNAUTHENTICATED'),
  'MW-FORBIDDEN': kind(403, 'PERMISSION_DENIED'),
  // millwright.yaml
  'MW-CONFIG-MISSING': kind(400, 'INVALID_PARAMETER_VALUE', 2),
  'MW-CONFIG-SYNTAX': kind(400, 'INVALID_PARAMETER_VALUE', 2),
  'MW-CONFIG-KEY': kind(400, 'INVALID_PARAMETER_VALUE', 2),
  'MW-CONFIG-VALUE': kind(400, 'INVALID_PARAMETER_VALUE', 2),
  'MW-CONFIG-CYCLE': kind(400, 'INVALID_PARAMETER_VALUE', 2),
  'MW-CONFIG-FILE': kind(400, 'INVALID_PARAMETER_VALUE', 2),
  'MW-CONFIG-EXPRESSION': kind(400, 'INVALID_PARAMETER_VALUE', 2),
  // the loop
  'MW-DATA-CHECK': kind(422, 'INVALID_PARAMETER_VALUE'),
  'MW-DATA-READ': kind(422, 'INVALID_PARAMETER_VALUE'),
  'MW-ENV-NO-PYTHON': kind(422, 'INVALID_STATE'),
  'MW-ENV-BUILD': kind(422, 'INVALID_STATE'),
  'MW-STEP-FAILED': kind(422, 'INVALID_STATE'),
  'MW-STEP-TIMEOUT': kind(422, 'INVALID_STATE'),
  'MW-STEP-OUTPUT': kind(422, 'INVALID_STATE'),
  'MW-STEP-LOST': kind(422, 'INVALID_STATE'),
  'MW-STEP-LOG-LIMIT': kind(422, 'INVALID_STATE'),
  'MW-CANCELLED': kind(409, 'ABORTED'),
  // MLflow's clients get 400: asked again it would be refused again.
  'MW-GATE-REFUSED': kind(422, 'INVALID_PARAMETER_VALUE'),
  'MW-MODEL-LOAD': kind(422, 'INVALID_STATE'),
  'MW-MODEL-OUTPUT': kind(422, 'INVALID_STATE'),
  'MW-TENSOR': kind(400, 'INVALID_PARAMETER_VALUE'),
  // Its own code refused the values (an unknown category): the caller's mistake to his face, an error of the release to its guards.
  'MW-MODEL-REFUSED': kind(400, 'INVALID_PARAMETER_VALUE'),
  'MW-SQL': kind(400, 'INVALID_PARAMETER_VALUE', 2),
  'MW-OVERLOADED': kind(429, 'RESOURCE_EXHAUSTED'),
  // Its workers died again and again: asked again it would kill another.
  'MW-QUARANTINED': kind(503, 'TEMPORARILY_UNAVAILABLE'),
  'MW-RATE': kind(429, 'RESOURCE_EXHAUSTED'),
  'MW-DEADLINE': kind(504, 'TEMPORARILY_UNAVAILABLE'),
  'MW-NO-RELEASE': kind(503, 'TEMPORARILY_UNAVAILABLE'),
  // the machine
  'MW-PORT-TAKEN': kind(500, 'INTERNAL_ERROR'),
  'MW-HOME-IN-USE': kind(409, 'RESOURCE_CONFLICT'),
  'MW-NO-SERVER': kind(503, 'TEMPORARILY_UNAVAILABLE'),
  'MW-TOKEN-REQUIRED': kind(400, 'INVALID_PARAMETER_VALUE', 2),
  'MW-DISK-FULL': kind(507, 'INTERNAL_ERROR'),
  'MW-UNAVAILABLE': kind(503, 'TEMPORARILY_UNAVAILABLE'),
  'MW-USAGE': kind(400, 'INVALID_PARAMETER_VALUE', 2),
  'MW-INTERNAL': kind(500, 'INTERNAL_ERROR'),
} as const satisfies Record<string, ErrorKind>;

export type ErrorCode = keyof typeof ERRORS;

/** A code as it was stored or sent; one of another version's is MW-INTERNAL here. */
export function codeOf(text: string): ErrorCode {
  return text in ERRORS ? (text as ErrorCode) : 'MW-INTERNAL';
}

interface ErrorDetail {
  /** The field, column, tensor or file that is wrong, e.g. `metrics[3].name` or `millwright.yaml:14:3`. */
  readonly where?: string;
  /** The next command or action, written so that it can be pasted. */
  readonly next?: string;
  /** Asked again before this many ms it would be refused again; the Retry-After header. */
  readonly retryAfterMs?: number;
  readonly cause?: unknown;
}

/** An error a person or a client can act on. The message says what failed; `where` the place; `next` what to do. */
export class MillwrightError extends Error {
  readonly code: ErrorCode;
  readonly where: string | undefined;
  readonly next: string | undefined;
  readonly retryAfterMs: number | undefined;

  constructor(code: ErrorCode, message: string, detail: ErrorDetail = {}) {
    super(message, detail.cause === undefined ? undefined : { cause: detail.cause });
    this.name = 'MillwrightError';
    this.code = code;
    this.where = detail.where;
    this.next = detail.next;
    this.retryAfterMs = detail.retryAfterMs;
  }

  get kind(): ErrorKind {
    return ERRORS[this.code];
  }
}

/** The JSON shape of an error on our own API and with `--json`. */
export interface ErrorBody {
  readonly error: {
    readonly code: ErrorCode;
    readonly message: string;
    readonly where?: string;
    readonly next?: string;
  };
}

export function errorBody(error: MillwrightError): ErrorBody {
  return {
    error: {
      code: error.code,
      message: error.message,
      ...(error.where === undefined ? {} : { where: error.where }),
      ...(error.next === undefined ? {} : { next: error.next }),
    },
  };
}

/** An error with the fields of ours but another class: the platform throws such, knowing no table. Undefined for any other error. */
export function recognized(error: unknown): MillwrightError | undefined {
  if (error instanceof MillwrightError) return error;
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  const { code } = error;
  if (typeof code !== 'string' || !(code in ERRORS)) return undefined;
  const text = (name: 'message' | 'where' | 'next'): string | undefined => {
    const value = (error as Readonly<Record<string, unknown>>)[name];
    return typeof value === 'string' ? value : undefined;
  };
  const [where, next] = [text('where'), text('next')];
  const { retryAfterMs } = error as { readonly retryAfterMs?: unknown };
  return new MillwrightError(codeOf(code), text('message') ?? '', {
    cause: error,
    ...(where === undefined ? {} : { where }),
    ...(next === undefined ? {} : { next }),
    ...(typeof retryAfterMs === 'number' ? { retryAfterMs } : {}),
  });
}
