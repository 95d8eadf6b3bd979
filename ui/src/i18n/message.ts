import type { ReactNode } from 'react';

/** [English, Korean]. `{name}` is a slot; `{n|run|runs}` is the number followed by the English word in its number. */
export type Message = readonly [en: string, ko: string];
export type Slots = Readonly<Record<string, ReactNode>>;

const SLOT = /\{(\w+)(?:\|([^|}]*)\|([^|}]*))?\}/g;

function grouped(value: number): string {
  return value.toLocaleString('en-US', { maximumFractionDigits: 2 }).replace('-', '−');
}

/** Splits a message at its slots and fills them; a slot that is not given stays empty, never `undefined`. */
export function fill<T extends ReactNode>(text: string, slots: Readonly<Record<string, T>>): (T | string)[] {
  const parts: (T | string)[] = [];
  let end = 0;
  for (const match of text.matchAll(SLOT)) {
    parts.push(text.slice(end, match.index));
    const value = slots[match[1] ?? ''];
    const shown = typeof value === 'number' ? grouped(value) : (value ?? '');
    if (match[2] === undefined) parts.push(shown);
    else parts.push(shown, ` ${value === 1 ? match[2] : match[3]}`);
    end = match.index + match[0].length;
  }
  parts.push(text.slice(end));
  return parts;
}
