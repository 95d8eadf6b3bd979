/** Page tokens: base64 of `{"offset":N}`, as MLflow's. Opaque to clients, so anything else in one is refused. */
import { MillwrightError } from '../../domain/errors.ts';

export interface Page<T> {
  readonly items: readonly T[];
  readonly nextPageToken?: string;
}

function offsetOf(token: string | undefined): number {
  if (token === undefined || token === '') return 0;
  try {
    const decoded: unknown = JSON.parse(Buffer.from(token, 'base64').toString('utf8'));
    if (typeof decoded === 'object' && decoded !== null && 'offset' in decoded) {
      const { offset } = decoded;
      if (typeof offset === 'number' && Number.isSafeInteger(offset) && offset >= 0) return offset;
    }
  } catch {
    // Falls through: the same answer for every kind of broken token.
  }
  throw new MillwrightError('MW-INVALID', 'Invalid page token, could not base64-decode', {
    where: 'page_token',
    next: 'send a next_page_token of an earlier answer, or none',
  });
}

/** The token of the page that begins after `offset` items. */
export function tokenOf(offset: number): string {
  return Buffer.from(JSON.stringify({ offset })).toString('base64');
}

/** Reads one item more than asked for, to know whether there is a next page without counting. */
export async function page<T>(
  limit: number,
  token: string | undefined,
  read: (slice: { readonly limit: number; readonly offset: number }) => Promise<readonly T[]>,
): Promise<Page<T>> {
  const offset = offsetOf(token);
  const found = await read({ limit: limit + 1, offset });
  if (found.length <= limit) return { items: found };
  return { items: found.slice(0, limit), nextPageToken: tokenOf(offset + limit) };
}

/** Throws MW-INVALID unless 1 <= value <= cap. */
export function pageSize(value: number | undefined, fallback: number, cap: number): number {
  if (value === undefined) return fallback;
  if (Number.isSafeInteger(value) && value >= 1 && value <= cap) return value;
  const rule = value > cap ? `It must be at most ${cap}` : 'It must be a positive integer';
  throw new MillwrightError('MW-INVALID', `Invalid value ${value} for parameter 'max_results' supplied. ${rule}`, {
    where: 'max_results',
  });
}
