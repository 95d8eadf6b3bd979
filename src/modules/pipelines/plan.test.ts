import { array, assert, property, string } from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ProjectSpec, StepSpec } from '../../domain/project.ts';
import { cacheKey, cacheParts, explainMiss, type StepContent } from './cache.ts';
import { planRun } from './index.ts';
import { splitWords } from './words.ts';

function step(rest: Partial<StepSpec>): StepSpec {
  return { in: [], out: [], params: {}, timeoutMs: 1000, retries: 0, ...rest };
}

const flights: ProjectSpec = {
  project: 'flights',
  environment: { requirements: 'requirements.txt' },
  datasets: { flights: { from: ['data/*.parquet'], checks: [] }, unused: { from: ['x'], checks: [] } },
  pipeline: {
    evaluate: step({
      run: 'python evaluate.py',
      in: ['model.onnx', 'features.parquet'],
      out: ['metrics.json', 'scores.csv'],
    }),
    train: step({
      run: 'python train.py --trees={trees}',
      in: ['features.parquet'],
      out: ['model.joblib', 'sample.parquet'],
      params: { trees: 100, fast: false },
    }),
    features: step({ run: 'python features.py', in: ['flights'], out: ['features.parquet'] }),
    export: step({ uses: 'onnx', in: ['model.joblib', 'sample.parquet'], out: ['model.onnx', 'parity.json'] }),
  },
  model: { name: 'flights', artifact: 'model.onnx', metrics: 'metrics.json', scores: 'scores.csv', gates: [] },
  monitors: {},
  triggers: [],
};
const champion = { version: 3, artifactDigest: 'sha256:old', artifactName: 'model.onnx' };

function withSteps(pipeline: Readonly<Record<string, StepSpec>>): ProjectSpec {
  const { model: _model, ...rest } = flights;
  return { ...rest, pipeline };
}

describe('planRun', () => {
  it('orders the steps after what they take', () => {
    expect(planRun(flights).map((one) => one.name)).toEqual([
      'data:flights',
      'environment',
      'features',
      'train',
      'export',
      'evaluate',
    ]);
  });

  it('makes the edges plain', () => {
    const steps = new Map(planRun(flights).map((one) => [one.name, one]));
    expect(steps.get('features')?.inputs).toEqual([
      { name: 'flights', from: 'data:flights' },
      { name: 'environment', from: 'environment' },
    ]);
    expect(steps.get('export')?.argv).toEqual([
      'python',
      '.mw/export_onnx.py',
      'model.joblib',
      'sample.parquet',
      'model.onnx',
      'parity.json',
    ]);
    expect(steps.get('train')?.argv).toEqual(['python', 'train.py', '--trees=100']);
  });

  it('adds the twin that judges the champion on the same data', () => {
    const steps = planRun(flights, { champion });
    const twin = steps.find((one) => one.name === 'evaluate@champion');
    const plain = steps.find((one) => one.name === 'evaluate');
    expect(twin).toEqual({
      ...plain,
      name: 'evaluate@champion',
      inputs: [
        { name: 'features.parquet', from: 'features' },
        { name: 'environment', from: 'environment' },
      ],
      substitute: { 'model.onnx': 'sha256:old' },
    });
    // It waits for the data, not for the new model.
    expect(steps.indexOf(twin ?? steps[0]!)).toBeLessThan(steps.findIndex((one) => one.name === 'export'));
    expect(planRun(flights).some((one) => one.name.includes('@'))).toBe(false);
  });

  it('sets params by name, in the type that the file has', () => {
    const train = planRun(flights, { set: { 'train.trees': '7', 'train.fast': 'true' } }).find(
      (one) => one.name === 'train',
    );
    expect(train?.params).toEqual({ trees: 7, fast: true });
    expect(train?.argv).toContain('--trees=7');
    for (const set of [{ 'train.tree': 1 }, { 'trai.trees': 1 }, { trees: 1 }, { 'train.constructor': 1 }]) {
      expect(() => planRun(flights, { set })).toThrow(expect.objectContaining({ code: 'MW-INVALID' }));
    }
    expect(() => planRun(flights, { set: { 'train.trees': 'many' } })).toThrow(/not a number/);
  });

  it.each([
    ['an unknown input', { a: step({ run: 'x', in: ['nothing'] }) }, 'MW-CONFIG-VALUE'],
    [
      'two makers of a file',
      { a: step({ run: 'x', out: ['f'] }), b: step({ run: 'x', out: ['f'] }) },
      'MW-CONFIG-VALUE',
    ],
    [
      'a cycle',
      { a: step({ run: 'x', in: ['g'], out: ['f'] }), b: step({ run: 'x', in: ['f'], out: ['g'] }) },
      'MW-CONFIG-CYCLE',
    ],
    ['a step that takes its own output', { a: step({ run: 'x', in: ['f'], out: ['f'] }) }, 'MW-CONFIG-CYCLE'],
    ['an unknown place', { a: step({ run: 'x {nope}' }) }, 'MW-CONFIG-VALUE'],
    ['a place named like a property of every object', { a: step({ run: 'x {constructor}' }) }, 'MW-CONFIG-VALUE'],
    ['a shell', { a: step({ run: 'cat x | wc' }) }, 'MW-CONFIG-VALUE'],
    ['the name of the environment step', { environment: step({ run: 'x' }) }, 'MW-CONFIG-VALUE'],
    ['onnx without a sample', { a: step({ uses: 'onnx', in: ['flights'], out: ['m'] }) }, 'MW-CONFIG-VALUE'],
  ])('refuses %s', (_what, pipeline, code) => {
    expect(() => planRun(withSteps(pipeline))).toThrow(expect.objectContaining({ code }));
  });
});

describe('splitWords', () => {
  it.each([
    ['python train.py', ['python', 'train.py']],
    [`  a\t'b c'  "d \\"e\\" \\n"  `, ['a', 'b c', 'd "e" \\n']],
    [`a'b'"c"\\ d ''`, ['abc d', '']],
    [`sh -c 'a | b > $c'`, ['sh', '-c', 'a | b > $c']],
  ])('splits %s', (text, words) => {
    expect(splitWords(text)).toEqual(words);
  });

  it.each(['', '   ', `a 'b`, 'a "b', 'a \\', 'a; b', 'a && b', 'a > b', 'echo $HOME', 'a `b`'])(
    'refuses %j',
    (text) => {
      expect(() => splitWords(text)).toThrow(expect.objectContaining({ code: 'MW-CONFIG-VALUE' }));
    },
  );

  it('gives back any words that were quoted', () => {
    const quote = (word: string): string => `'${word.replaceAll("'", `'\\''`)}'`;
    assert(
      property(array(string({ unit: 'binary' }), { minLength: 1 }), (words) => {
        expect(splitWords(words.map(quote).join(' '))).toEqual(words);
      }),
    );
  });
});

describe('the cache key', () => {
  const content: StepContent = {
    step: planRun(flights).find((one) => one.name === 'train')!,
    codeDigest: 'sha256:c',
    inputs: { 'features.parquet': 'sha256:f' },
    environmentDigest: 'e',
  };
  const key = (change: Partial<StepContent>): string => cacheKey(cacheParts({ ...content, ...change }));

  it('changes with every part and with nothing else', () => {
    const base = key({});
    expect(key({ step: { ...content.step, retries: 5, timeoutMs: 9, name: 'other' } })).toBe(base);
    const others = [
      key({ codeDigest: 'sha256:d' }),
      key({ inputs: { 'features.parquet': 'sha256:g' } }),
      key({ inputs: {} }),
      key({ environmentDigest: 'f' }),
      key({ step: { ...content.step, params: { trees: 101, fast: false } } }),
      key({ step: { ...content.step, params: { trees: '100', fast: false } } }),
      key({ step: { ...content.step, argv: ['python', 'train.py'] } }),
      key({ step: { ...content.step, argv: ['python train.py', '--trees=100'] } }),
      key({ step: { ...content.step, outputs: ['model.joblib'] } }),
      key({ step: { ...content.step, kind: 'onnx' } }),
    ];
    expect(new Set([base, ...others]).size).toBe(others.length + 1);
  });

  it('names the parts that differ', () => {
    const now = cacheParts({ ...content, codeDigest: 'sha256:d', inputs: {} });
    expect(explainMiss(cacheParts(content), now)).toEqual([
      { part: 'code', before: 'sha256:c', now: 'sha256:d' },
      { part: 'input features.parquet', before: 'sha256:f' },
    ]);
  });
});
