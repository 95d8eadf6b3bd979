/** `millwright.yaml` → ProjectSpec. Everything that can be wrong in the file is told here, with line and column. */
import { LineCounter, parseDocument } from 'yaml';
import { type z } from 'zod';
import { MillwrightError } from '../../domain/errors.ts';
import type { ProjectSpec } from '../../domain/project.ts';
import { checkGraph } from './graph.ts';
import { dotted, type Issue, nearest, type Places, placesOf } from './places.ts';
import { projectFile } from './schema.ts';
import { specOf } from './spec.ts';

const LIMIT = 256 * 1024;

function keysAt(schema: z.ZodType, path: readonly PropertyKey[]): readonly string[] {
  let node: unknown = schema;
  const inner = (value: unknown): unknown => {
    const def = (value as { _zod?: { def?: { innerType?: unknown; in?: unknown } } } | undefined)?._zod?.def;
    return def?.innerType === undefined ? value : inner(def.innerType);
  };
  for (const part of path) {
    const def = (inner(node) as { _zod?: { def?: Record<string, unknown> } })._zod?.def;
    const shape = def?.['shape'] as Record<string, unknown> | undefined;
    node = shape?.[String(part)] ?? def?.['valueType'] ?? def?.['element'];
    if (node === undefined) return [];
  }
  const shape = (inner(node) as { _zod?: { def?: { shape?: object } } })._zod?.def?.shape;
  return shape === undefined ? [] : Object.keys(shape);
}

function tell(issue: Issue, places: Places): MillwrightError {
  const where = dotted(issue.path);
  if (issue.code === 'unrecognized_keys') {
    const key = issue.keys[0] ?? '';
    const known = keysAt(projectFile, issue.path);
    const guess = nearest(key, known);
    const inside = where === '' ? 'the file' : `"${where}"`;
    return new MillwrightError(
      'MW-CONFIG-KEY',
      `unknown key "${key}" in ${inside}${guess === undefined ? '' : `; did you mean "${guess}"?`}`,
      {
        where: places.at([...issue.path, key], 'key'),
        next: known.length === 0 ? 'remove the key' : `use one of: ${known.join(', ')}`,
      },
    );
  }
  return new MillwrightError('MW-CONFIG-VALUE', `"${where === '' ? 'the file' : where}": ${issue.message}`, {
    where: places.at(issue.path),
    next: 'correct the value, then run: mw status',
  });
}

/** Throws MW-CONFIG-SYNTAX, -KEY, -VALUE, -EXPRESSION or -CYCLE for the first fault, saying how many more there are. */
export function parseProject(text: string, fileName = 'millwright.yaml'): ProjectSpec {
  if (text.length > LIMIT) {
    throw new MillwrightError('MW-CONFIG-VALUE', `the file has ${text.length} characters; at most ${LIMIT} are read`, {
      where: fileName,
    });
  }
  const lines = new LineCounter();
  // maxAliasCount stops a "billion laughs" file; duplicate keys are an error because one of them would silently lose.
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true, strict: true });
  // A warning is an unknown tag: its value would be read as something it does not say.
  const fault = document.errors[0] ?? document.warnings[0];
  if (fault !== undefined) {
    const { line, col } = lines.linePos(fault.pos[0]);
    const first = fault.message.split('\n')[0] ?? 'not YAML';
    throw new MillwrightError('MW-CONFIG-SYNTAX', first.replace(/ at line \d+, column \d+:?$/, ''), {
      where: `${fileName}:${line}:${col}`,
      next: 'correct that line, then run: mw run',
    });
  }
  const places = placesOf(document, lines, fileName);
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: 100 });
  } catch (cause) {
    throw new MillwrightError('MW-CONFIG-SYNTAX', 'too many aliases', { where: fileName, cause });
  }
  const parsed = projectFile.safeParse(value ?? {});
  if (!parsed.success) {
    // Unknown keys first: a typo is also why a required key is missing.
    const issues = parsed.error.issues.toSorted(
      (a, b) => Number(b.code === 'unrecognized_keys') - Number(a.code === 'unrecognized_keys'),
    );
    const first = issues[0];
    if (first !== undefined) throw tell(first, places);
  }
  if (parsed.data === undefined) throw new MillwrightError('MW-CONFIG-VALUE', 'the file is empty', { where: fileName });
  const spec = specOf(parsed.data, places);
  checkGraph(spec, places);
  return spec;
}
