/** Plays the corpus against a server and takes down its answers, without ids and times that differ from server to server. */
import { CORPUS } from './corpus.ts';
import type { Step } from './step.ts';

export interface Answer {
  readonly id: string;
  readonly status: number;
  /** JSON, normalized; or the text's beginning where the answer is not JSON. */
  readonly body: unknown;
}

export interface Recording {
  readonly mlflow: string;
  readonly answers: readonly Answer[];
}

const TIMES = /^(?:.*_time(?:stamp)?(?:_ms)?|.*timestamp.*)$/;
const SORTED = new Set([
  'tags',
  'params',
  'metrics',
  'aliases',
  'latest_versions',
  'dataset_inputs',
  'dataset_summaries',
]);

function pick(json: unknown, path: string): string {
  let value = json;
  for (const part of path.split('.')) {
    value =
      typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>)[part] : undefined;
  }
  return typeof value === 'string' ? value : '';
}

function fill(value: unknown, names: ReadonlyMap<string, string>): unknown {
  if (typeof value === 'string') return value.replaceAll(/\{(\w+)\}/g, (all, name: string) => names.get(name) ?? all);
  if (Array.isArray(value)) return value.map((one) => fill(one, names));
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, fill(one, names)]));
  return value;
}

function plain(text: string, names: ReadonlyMap<string, string>): string {
  let known = text;
  for (const [name, value] of names) if (value.length > 8) known = known.replaceAll(value, `{${name}}`);
  return known
    .replaceAll(/x{100,}/g, (run) => `<${run.length} x>`)
    .replaceAll(/\bm-[0-9a-f]{32}\b/g, '<model>')
    .replaceAll(/\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/g, '<uuid>')
    .replaceAll(/(?<![0-9a-z])(?!f{32})[0-9a-f]{32}(?![0-9a-z])/g, '<id>');
}

const sortText = (value: unknown): string =>
  typeof value === 'object' && value !== null && 'version' in value && 'name' in value
    ? JSON.stringify([value.name, value.version])
    : JSON.stringify(value);

function normal(value: unknown, names: ReadonlyMap<string, string>, key = ''): unknown {
  if (typeof value === 'string') {
    if (key === 'next_page_token') return '<token>';
    return plain(value, names);
  }
  if (typeof value === 'number') return TIMES.test(key) && value > 1_600_000_000_000 ? '<time>' : value;
  if (Array.isArray(value)) {
    const items = value.map((one) => normal(one, names));
    // No order is promised for these.
    return SORTED.has(key) ? items.sort((a, b) => (sortText(a) < sortText(b) ? -1 : 1)) : items;
  }
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(
      Object.entries(value)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([name, one]) => [name, normal(one, names, name)]),
    );
  }
  return value;
}

async function play(base: string, step: Step, names: Map<string, string>): Promise<Answer> {
  const url = new URL(String(fill(step.path, names)), base);
  for (const [key, value] of Object.entries(step.query ?? {})) {
    for (const one of Array.isArray(value) ? value : [value]) url.searchParams.append(key, String(fill(one, names)));
  }
  const body = fill(step.body, names);
  const response = await fetch(url, {
    method: step.method,
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    headers: { 'content-type': step.type ?? 'application/json' },
  });
  const text = await response.text();
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    json = undefined;
  }
  for (const [name, path] of Object.entries(step.save ?? {})) names.set(name, pick(json, path));
  return {
    id: step.id,
    status: response.status,
    body: json === undefined ? plain(text, names).slice(0, 200) : normal(json, names),
  };
}

/** One request after the other, each in a millisecond of its own: orders by time must not depend on luck. */
export async function playAll(base: string): Promise<readonly Answer[]> {
  const names = new Map<string, string>();
  const answers: Answer[] = [];
  for (const step of CORPUS) {
    const answer = await play(base, step, names);
    if (step.silent === undefined) answers.push(answer);
    await new Promise((resolve) => {
      setTimeout(resolve, 2);
    });
  }
  return answers;
}
