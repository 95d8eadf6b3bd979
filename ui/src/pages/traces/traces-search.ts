/** The address of the list of traces. */
export interface TracesSearch {
  readonly q: string;
  readonly exp: string;
  readonly order: string;
}

const text = (value: unknown): string => (typeof value === 'string' || typeof value === 'number' ? String(value) : '');

export function readTracesSearch(search: Readonly<Record<string, unknown>>): TracesSearch {
  return { q: text(search['q']), exp: text(search['exp']), order: text(search['order']) };
}

export function tracesQueryString(search: TracesSearch): string {
  const parts = Object.entries(search).filter(([, value]) => value !== '');
  return parts.length === 0
    ? ''
    : `?${new URLSearchParams(parts.map(([name, value]) => [name, String(value)])).toString()}`;
}

/** One more press: the other way, then not at all. The way that says most comes first. */
export function nextTraceOrder(order: string, field: string, first: 'ASC' | 'DESC'): string {
  const other = first === 'ASC' ? 'DESC' : 'ASC';
  if (order === `${field} ${first}`) return `${field} ${other}`;
  return order === `${field} ${other}` ? '' : `${field} ${first}`;
}
