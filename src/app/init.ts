/** Looks at a folder and writes the millwright.yaml that fits: scripts, requirements, data, framework. Reads text only; runs nothing. */
import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';

export interface Findings {
  readonly project: string;
  readonly train: string | undefined;
  readonly features: string | undefined;
  readonly evaluate: string | undefined;
  readonly requirements: string | undefined;
  /** Glob of the data files, e.g. `data/*.csv`. */
  readonly data: string | undefined;
  /** The model file that the training script names, e.g. `model.joblib`. */
  readonly model: string | undefined;
  /** The training script writes metrics.json. */
  readonly metrics: boolean;
  readonly sample: string | undefined;
  /** What is missing, each as a sentence that says what to write and where. Empty: `mw run` has all that it needs. */
  readonly todo: readonly string[];
}

const DATA = /\.(?:parquet|csv|jsonl|ndjson)$/i;
const MODEL = /['"]([\w./-]+\.(?:onnx|joblib|pkl|pickle))['"]/;
const SAMPLE = /['"]([\w./-]*sample[\w./-]*\.(?:parquet|csv))['"]/;

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return (await readdir(folder)).filter((name) => !name.startsWith('.')).toSorted();
  } catch {
    return [];
  }
}

async function textOf(path: string): Promise<string> {
  try {
    return (await stat(path)).size > 1_000_000 ? '' : await readFile(path, 'utf8');
  } catch {
    return '';
  }
}

async function dataGlob(folder: string, names: readonly string[]): Promise<string | undefined> {
  for (const place of ['data', 'dataset', 'datasets', 'input', '']) {
    const found = (place === '' ? names : await namesIn(join(folder, place))).find(
      (name) => DATA.test(name) && !/sample|scores|features/.test(name),
    );
    if (found === undefined) continue;
    const ending = found.slice(found.lastIndexOf('.'));
    return place === '' ? found : `${place}/*${ending}`;
  }
  return undefined;
}

/** Packages that the built-in export step needs beside scikit-learn. */
const EXPORT_PACKAGES = ['scikit-learn', 'skl2onnx', 'onnxruntime', 'pandas'];

/** Only a requirements.txt is read: the other kinds are locked by their own tool, which tells what they lack. */
async function missingPackages(folder: string, requirements: string | undefined): Promise<readonly string[]> {
  if (requirements !== undefined && requirements !== 'requirements.txt') return [];
  const text = requirements === undefined ? '' : await textOf(join(folder, requirements));
  const named = new Set([...text.matchAll(/^[\w.-]+/gm)].map(([word]) => word.toLowerCase().replaceAll('_', '-')));
  return EXPORT_PACKAGES.filter((name) => !named.has(name));
}

function todoOf(found: Omit<Findings, 'todo'>, packages: readonly string[]): readonly string[] {
  const { train, model, sample } = found;
  if (train === undefined) return ['there is no train.py: correct "run" of the step train in millwright.yaml'];
  const todo: string[] = [];
  const exported = model !== undefined && !model.endsWith('.onnx');
  if (model === undefined)
    todo.push(
      `${train} names no model file: write one, e.g. joblib.dump(model, "model.joblib"), then: mw init --force`,
    );
  if (exported && sample === undefined)
    todo.push(`${train} writes no sample: x_train.to_csv("sample.csv", index=False), the columns the model takes`);
  if (!found.metrics && found.evaluate === undefined)
    todo.push(`${train} writes no metrics: json.dump({"accuracy": accuracy}, open("metrics.json", "w"))`);
  if (exported && packages.length > 0) todo.push(`requirements.txt lacks ${packages.join(', ')}`);
  return todo;
}

export async function inspectFolder(folder: string): Promise<Findings> {
  const names = await namesIn(folder);
  const script = (pattern: RegExp): string | undefined => names.find((name) => pattern.test(name));
  const train = script(/^(?:train|fit|main)\w*\.py$/i);
  const text = train === undefined ? '' : await textOf(join(folder, train));
  const requirements = ['uv.lock', 'requirements.txt', 'pyproject.toml'].find((name) => names.includes(name));
  const found = {
    project:
      basename(folder)
        .toLowerCase()
        .replaceAll(/[^a-z0-9._-]+/g, '-')
        .replace(/^[^a-z0-9]+/, '')
        .slice(0, 40) || 'project',
    train,
    features: script(/^(?:features?|prepare|preprocess)\w*\.py$/i),
    evaluate: script(/^(?:eval|evaluate|test_model|validate)\w*\.py$/i),
    requirements,
    data: await dataGlob(folder, names),
    model: MODEL.exec(text)?.[1],
    metrics: text.includes('metrics.json'),
    sample: SAMPLE.exec(text)?.[1],
  };
  return { ...found, todo: todoOf(found, await missingPackages(folder, requirements)) };
}

/** The file's text. What was not found is left as a comment that says what to write. */
export function projectText(found: Findings, schema: string): string {
  const onnx = found.model === undefined || found.model.endsWith('.onnx');
  const model = found.model ?? 'model.onnx';
  const sample = found.sample ?? 'sample.csv';
  const artifact = onnx ? model : 'model.onnx';
  const trainOut = [model, ...(onnx ? [] : [sample]), ...(found.evaluate === undefined ? ['metrics.json'] : [])];
  const input = found.data === undefined ? '[]' : '[data]';
  const lines = [
    `# yaml-language-server: $schema=${schema}`,
    '# From train.py to a service, from this one file. Run it: mw run',
    `project: ${found.project}`,
    '',
    '# What the steps run in: locked with hashes, built once, recorded with every model version.',
    found.requirements === undefined
      ? 'environment: {}   # write requirements.txt, then: environment: { requirements: requirements.txt }'
      : `environment: { requirements: ${found.requirements} }`,
    '',
    ...(found.data === undefined
      ? ['# datasets:', '#   data: { from: data/*.csv, checks: [rows >= 100] }']
      : [
          '# Every distinct content becomes a version with schema and profile; a failed check stops the run.',
          'datasets:',
          `  data: { from: "${found.data}", checks: [rows >= 1] }`,
        ]),
    '',
    '# Steps are ordinary programs: they find inputs as files and parameters as MW_PARAM_<NAME> or {name} in the command.',
    'pipeline:',
    ...(found.features === undefined
      ? []
      : [`  # features: { run: python ${found.features}, in: ${input}, out: [features.parquet] }`]),
    `  train: { run: python ${found.train ?? 'train.py'}, in: ${input}, out: [${trainOut.join(', ')}] }`,
    ...(onnx
      ? []
      : [
          '  # Turns the scikit-learn model into ONNX and compares the two on the sample, row by row.',
          `  export: { uses: onnx, in: [${model}, ${sample}], out: [model.onnx, parity.json] }`,
        ]),
    ...(found.evaluate === undefined
      ? []
      : [
          `  evaluate: { run: python ${found.evaluate}, in: [${artifact}${found.data === undefined ? '' : ', data'}], out: [metrics.json] }`,
        ]),
    '',
    'model:',
    `  name: ${found.project}`,
    `  artifact: ${artifact}`,
    '  metrics: metrics.json   # {"accuracy": 0.93}',
    '  # What a model must prove before it may go live; an unknown value refuses.',
    ...(found.evaluate === undefined
      ? [
          '  # champion.X, the live model on the same data, needs a step of its own that takes the model and writes the metrics.',
          '  gates: []               # for example: [accuracy >= 0.70]',
        ]
      : ['  gates: []               # for example: [accuracy >= 0.70, accuracy >= champion.accuracy - 0.005]']),
    '',
    '# A stable name that answers; an accepted version is released to it step by step.',
    'endpoint:',
    `  name: ${found.project}`,
    '  rollout: { strategy: canary, steps: [10%, 50%, 100%], hold: "10s", roll_back_if: [error_rate > 1%] }',
    '',
    '# monitors:',
    '#   drift:    { reference: training, window: 1d, alert_if: drifted_share > 0.3 }',
    '#   accuracy: { outcome: label, metric: accuracy, window: 7d, alert_if: value < 0.65 }',
    '# triggers:',
    '#   - { on: alert, run: pipeline }',
    '',
  ];
  return lines.join('\n');
}
