/** Version constraints of Python: `3.11`, `3.11.7`, `>=3.9`, `>=3.9,<3.13`, `==3.11.*`, `~=3.10`, `!=3.10`. */
import { MillwrightError } from '../../domain/errors.ts';

type Comparison = '>=' | '<=' | '>' | '<' | '==' | '!=' | '~=';

interface Part {
  readonly comparison: Comparison;
  readonly version: readonly number[];
}

const OLDEST = '>=3.9';

const numbers = (text: string): readonly number[] => text.split('.').map(Number);

/** Throws MW-CONFIG-VALUE. Without a constraint: 3.9 or newer. */
export function parseConstraint(text: string | undefined): readonly Part[] {
  return (text ?? OLDEST).split(',').map((piece) => {
    const found = /^(>=|<=|==|!=|~=|>|<)?(\d{1,3}(?:\.\d{1,3}){0,2})(?:\.\*)?$/.exec(piece.replaceAll(' ', ''));
    if (found?.[2] === undefined) {
      throw new MillwrightError('MW-CONFIG-VALUE', `"${piece.trim()}" is not a Python version`, {
        where: 'environment.python',
        next: 'write for example python: "3.11", or python: ">=3.9,<3.14"',
      });
    }
    return { comparison: (found[1] ?? '==') as Comparison, version: numbers(found[2]) };
  });
}

/** Compares as many places as `to` has: 3.11.7 equals 3.11. */
function compare(version: readonly number[], to: readonly number[]): number {
  for (const [i, place] of to.entries()) {
    const difference = (version[i] ?? 0) - place;
    if (difference !== 0) return difference;
  }
  return 0;
}

function meets(version: readonly number[], part: Part): boolean {
  const order = compare(version, part.version);
  switch (part.comparison) {
    case '==':
      return order === 0;
    case '!=':
      return order !== 0;
    case '>=':
      return order >= 0;
    case '<=':
      return order <= 0;
    case '>':
      return order > 0;
    case '<':
      return order < 0;
    case '~=':
      return order >= 0 && compare(version, part.version.slice(0, -1)) === 0;
  }
}

export function satisfies(version: string, constraint: readonly Part[]): boolean {
  return constraint.every((part) => meets(numbers(version), part));
}

/** Program names to try, the user's own default first unless one minor version was asked for. */
export function candidates(constraint: readonly Part[]): readonly string[] {
  const exact = constraint.find((part) => part.comparison === '==' && part.version.length >= 2)?.version;
  const minors = Array.from({ length: 12 }, (_, i) => `python3.${16 - i}`);
  const named = exact === undefined ? [] : [`python${exact[0]}.${exact[1]}`];
  return [...new Set([...named, 'python3', 'python', ...minors])];
}
