/** Finds where in the file a thing stands, and words an error so that the person can mend it. */
import { distance } from 'fastest-levenshtein';
import { type Document, isMap, isScalar, isSeq, type LineCounter, type Node } from 'yaml';
import type { z } from 'zod';

type Path = readonly PropertyKey[];

export interface Places {
  /** `millwright.yaml:14:3` of the value at the path, or of its key. */
  at(path: Path, which?: 'key' | 'value'): string;
}

function offsetOf(document: Document, path: Path, which: 'key' | 'value'): number | undefined {
  let node: unknown = document.contents;
  let offset: number | undefined = (node as Node | null)?.range?.[0];
  for (const [index, part] of path.entries()) {
    const last = index === path.length - 1;
    if (isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === String(part));
      if (pair === undefined) return offset;
      const key = isScalar(pair.key) ? pair.key.range?.[0] : undefined;
      const value = (pair.value as Node | null)?.range?.[0];
      offset = last && which === 'key' ? key : (value ?? key ?? offset);
      node = pair.value;
    } else if (isSeq(node)) {
      node = node.items[Number(part)];
      offset = (node as Node | null)?.range?.[0] ?? offset;
    } else return offset;
  }
  return offset;
}

export function placesOf(document: Document, lines: LineCounter, fileName: string): Places {
  return {
    at(path, which = 'value') {
      const offset = offsetOf(document, path, which);
      if (offset === undefined) return fileName;
      const { line, col } = lines.linePos(offset);
      return `${fileName}:${line}:${col}`;
    },
  };
}

/** The nearest of the names, if it is near enough to be a slip of the hand. */
export function nearest(word: string, names: readonly string[]): string | undefined {
  const best = names.map((name) => ({ name, d: distance(word, name) })).sort((a, b) => a.d - b.d)[0];
  return best !== undefined && best.d <= Math.max(1, Math.floor(word.length / 3)) ? best.name : undefined;
}

export function dotted(path: Path): string {
  return path
    .map((part, i) => (typeof part === 'number' ? `[${part}]` : `${i === 0 ? '' : '.'}${String(part)}`))
    .join('');
}

export type Issue = z.core.$ZodIssue;
