/**
 * Glob patterns over project-relative paths: `*` and `?` inside a segment, `**` for any number of folders, `{a,b}`.
 * No regular expression is built from a pattern: matching is linear in its input whatever the pattern says.
 */
import { MillwrightError } from '../../domain/errors.ts';

const MAX_ALTERNATIVES = 64;

export interface Glob {
  /** One list of segments for each brace alternative. */
  readonly alternatives: readonly (readonly string[])[];
}

/** Where in each alternative a walk stands: pairs of alternative and segment. */
export type GlobState = readonly (readonly [alternative: number, segment: number])[];

function refuse(pattern: string, why: string): never {
  throw new MillwrightError('MW-PATH', `the pattern "${pattern}" ${why}`, {
    where: pattern,
    next: 'write a pattern inside the project folder, for example data/*.parquet',
  });
}

/** `a{b,c}d` becomes `abd` and `acd`; braces may nest. */
function expand(pattern: string, whole: string): readonly string[] {
  const open = pattern.indexOf('{');
  if (open < 0) return pattern.includes('}') ? refuse(whole, 'closes a brace that was not opened') : [pattern];
  const parts: string[] = [];
  let depth = 0;
  let start = open + 1;
  for (let i = open; i < pattern.length; i += 1) {
    const c = pattern[i];
    if (c === '{') depth += 1;
    if (c === '}') depth -= 1;
    if ((c === ',' && depth === 1) || depth === 0) {
      parts.push(pattern.slice(start, i));
      start = i + 1;
    }
    if (depth > 0) continue;
    const out: string[] = [];
    for (const part of parts) out.push(...expand(pattern.slice(0, open) + part + pattern.slice(i + 1), whole));
    if (out.length > MAX_ALTERNATIVES) refuse(whole, `has more than ${MAX_ALTERNATIVES} alternatives`);
    return out;
  }
  return refuse(whole, 'does not close a brace');
}

/** Throws MW-PATH for a pattern that is absolute, leaves the project or has unbalanced braces. */
export function parseGlob(pattern: string): Glob {
  if (pattern === '' || pattern.length > 500) refuse(pattern.slice(0, 80), 'must have 1 to 500 characters');
  if (pattern.includes('\\') || pattern.includes('\0')) refuse(pattern, 'must use "/" between folders');
  const alternatives = expand(pattern, pattern).map((text) => {
    if (text.startsWith('/')) refuse(pattern, 'is absolute');
    const segments = text.split('/').filter((segment) => segment !== '' && segment !== '.');
    if (segments.includes('..')) refuse(pattern, 'leaves the project folder');
    if (segments.length === 0) refuse(pattern, 'names no file');
    return segments;
  });
  return { alternatives };
}

/** Greedy wildcard match of one name with one backtrack point: O(name x segment) at worst. */
function matchSegment(segment: string, name: string): boolean {
  if (name.startsWith('.') && !segment.startsWith('.')) return false;
  let s = 0;
  let n = 0;
  let star = -1;
  let mark = 0;
  while (n < name.length) {
    const c = segment[s];
    if (c === '*') {
      star = s;
      mark = n;
      s += 1;
    } else if (c !== undefined && (c === '?' || c === name[n])) {
      s += 1;
      n += 1;
    } else if (star >= 0) {
      s = star + 1;
      mark += 1;
      n = mark;
    } else return false;
  }
  while (segment[s] === '*') s += 1;
  return s === segment.length;
}

export function startState(glob: Glob): GlobState {
  return glob.alternatives.map((_, i) => [i, 0] as const);
}

/** What is left to match below a folder (`next`), and whether a file of this name matches here. */
export function step(
  glob: Glob,
  state: GlobState,
  name: string,
): { readonly next: GlobState; readonly matches: boolean } {
  const next = new Map<string, readonly [number, number]>();
  let matches = false;
  const enter = (alternative: number, at: number): void => {
    next.set(`${alternative}:${at}`, [alternative, at]);
  };
  for (const [alternative, start] of state) {
    const segments = glob.alternatives[alternative] ?? [];
    // `**` may stand for no folder at all, so the segments behind it are tried here too.
    for (let at = start; at < segments.length; at += 1) {
      const segment = segments[at] ?? '';
      if (segment === '**') {
        if (name.startsWith('.')) continue;
        enter(alternative, at);
        if (at === segments.length - 1) matches = true;
        continue;
      }
      if (matchSegment(segment, name)) {
        if (at === segments.length - 1) matches = true;
        else enter(alternative, at + 1);
      }
      break;
    }
  }
  return { next: [...next.values()], matches };
}

/** Whether a whole relative path matches. */
export function matchPath(glob: Glob, path: string): boolean {
  let state = startState(glob);
  const names = path.split('/');
  for (const [i, name] of names.entries()) {
    const { next, matches } = step(glob, state, name);
    if (i === names.length - 1) return matches;
    state = next;
  }
  return false;
}
