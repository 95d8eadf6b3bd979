/**
 * The platform knows no word of the domain, so it throws this: the fields of a domain error without its table. The transports
 * turn `code` into the domain's error; a code that is not in the table there is an internal error.
 */
export class CodedError extends Error {
  readonly code: string;
  readonly where: string | undefined;
  readonly next: string | undefined;
  /** After how long the same call is worth another try, ms. */
  readonly retryAfterMs: number | undefined;

  constructor(
    code: string,
    message: string,
    detail: {
      readonly where?: string;
      readonly next?: string;
      readonly retryAfterMs?: number;
      readonly cause?: unknown;
    } = {},
  ) {
    super(message, detail.cause === undefined ? undefined : { cause: detail.cause });
    this.name = 'CodedError';
    this.code = code;
    this.where = detail.where;
    this.next = detail.next;
    this.retryAfterMs = detail.retryAfterMs;
  }
}

/** The errno code of a Node system error (`ENOENT`, `ENOSPC`, …), or undefined. */
export function errnoOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}
