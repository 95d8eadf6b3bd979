import type { TryAnswer } from '../../api/types.ts';
import { useSyncExternalStore } from 'react';
import type { RowAnswer } from './answers.ts';
import type { Row } from './playground-fields.ts';

export interface Asked {
  readonly at: number;
  readonly rows: readonly Row[];
  readonly answer: TryAnswer;
  readonly answers: readonly RowAnswer[];
}

export const HISTORY_KEPT = 20;
const NONE: readonly Asked[] = [];

/** Answers of this session by endpoint, newest first: they stay while another page is looked at, and go with the tab. */
const kept = new Map<string, readonly Asked[]>();
const listeners = new Set<() => void>();

function listen(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function remember(endpoint: string, asked: Asked): void {
  kept.set(endpoint, [asked, ...(kept.get(endpoint) ?? NONE)].slice(0, HISTORY_KEPT));
  for (const listener of listeners) listener();
}

export const useHistory = (endpoint: string): readonly Asked[] =>
  useSyncExternalStore(listen, () => kept.get(endpoint) ?? NONE);
