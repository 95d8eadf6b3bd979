/** Server-sent events over fetch: unlike EventSource it can carry a token, resume by id after a reload of the stream, and say when it tries again. */
import { authHeaders } from '../api/client.ts';

export interface StreamEvent {
  readonly seq: number;
  readonly type: string;
}

export type LiveState =
  | { readonly kind: 'live'; readonly at: number }
  | { readonly kind: 'behind'; readonly since: number }
  | { readonly kind: 'off'; readonly next: number };

export interface StreamHandlers {
  readonly onState: (state: LiveState) => void;
  readonly onEvent: (event: StreamEvent) => void;
  /** A connection was made again: what was read before may be old. */
  readonly onResume: () => void;
}

/** Servers send a comment at least this often; longer silence means that we are behind. */
const SILENCE_MS = 25_000;

interface Fields {
  id?: string;
  event?: string;
  data: string;
}

/** Takes whole events off the front of `text`; returns them and the rest. */
function takeEvents(text: string): { readonly events: readonly Fields[]; readonly rest: string } {
  const blocks = text.replaceAll('\r\n', '\n').split('\n\n');
  const rest = blocks.pop() ?? '';
  const events = blocks.map((block) => {
    const fields: Fields = { data: '' };
    for (const line of block.split('\n')) {
      const colon = line.indexOf(':');
      if (colon <= 0) continue;
      const value = line.slice(colon + 1).replace(/^ /, '');
      const name = line.slice(0, colon);
      if (name === 'id') fields.id = value;
      else if (name === 'event') fields.event = value;
      else if (name === 'data') fields.data += value;
    }
    return fields;
  });
  return { events, rest };
}

function parse(fields: Fields): StreamEvent | undefined {
  if (fields.data === '') return undefined;
  try {
    const value: unknown = JSON.parse(fields.data);
    if (typeof value !== 'object' || value === null) return undefined;
    const { seq, type } = value as { seq?: unknown; type?: unknown };
    const name = typeof type === 'string' ? type : fields.event;
    return name === undefined ? undefined : { seq: typeof seq === 'number' ? seq : Number(fields.id ?? 0), type: name };
  } catch {
    // One bad event must not end the stream; the next read of the page has the data anyway.
    return undefined;
  }
}

/** Opens the stream and keeps it open until the returned function is called. */
export function openStream(
  url: string,
  handlers: StreamHandlers,
): { readonly close: () => void; readonly retry: () => void } {
  const stop = new AbortController();
  let last: string | undefined;
  let failures = 0;
  let wake = (): void => {};
  let silence: ReturnType<typeof setTimeout> | undefined;

  const heard = (): void => {
    handlers.onState({ kind: 'live', at: Date.now() });
    clearTimeout(silence);
    silence = setTimeout(() => handlers.onState({ kind: 'behind', since: Date.now() - SILENCE_MS }), SILENCE_MS);
  };

  const read = async (): Promise<void> => {
    const response = await fetch(url, {
      headers: {
        accept: 'text/event-stream',
        ...authHeaders(),
        ...(last === undefined ? {} : { 'last-event-id': last }),
      },
      cache: 'no-store',
      signal: stop.signal,
    });
    if (!response.ok || response.body === null) throw new Error(`HTTP ${response.status}`);
    if (failures > 0) handlers.onResume();
    failures = 0;
    heard();
    const decoder = new TextDecoder();
    const reader = response.body.getReader();
    let text = '';
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      heard();
      const taken = takeEvents(text + decoder.decode(value, { stream: true }));
      text = taken.rest;
      for (const fields of taken.events) {
        last = fields.id ?? last;
        const event = parse(fields);
        if (event !== undefined) handlers.onEvent(event);
      }
    }
  };

  const run = async (): Promise<void> => {
    while (!stop.signal.aborted) {
      await read().catch(() => undefined);
      if (stop.signal.aborted) return;
      clearTimeout(silence);
      failures += 1;
      const wait = Math.min(15_000, 1000 * 2 ** Math.min(failures - 1, 4));
      handlers.onState({ kind: 'off', next: Date.now() + wait });
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, wait);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  };
  void run();
  return {
    close: () => {
      stop.abort();
      clearTimeout(silence);
      wake();
    },
    retry: () => wake(),
  };
}
