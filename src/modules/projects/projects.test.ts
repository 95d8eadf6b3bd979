import { describe, expect, it } from 'vitest';
import { MillwrightError } from '../../domain/errors.ts';
import { parseProject } from './index.ts';

const GOOD = `project: flights
environment: { python: ">=3.9", requirements: requirements.txt }
datasets:
  flights: { from: data/flights/*.parquet, checks: [rows >= 1000] }
pipeline:
  features: { run: python features.py, in: [flights], out: [features.parquet] }
  train:
    run: python train.py --depth {depth}
    in: [features.parquet]
    out: [model.onnx]
    params: { depth: 6 }
  evaluate: { run: python evaluate.py, in: [model.onnx, features.parquet], out: [metrics.json, scores.csv] }
model:
  name: flights
  artifact: model.onnx
  scores: scores.csv
  gates: [accuracy >= 0.70, "gain.log_loss > 0", "latency.p99 <= 20ms"]
endpoint:
  name: flights
  rollout: { steps: [10%, 50%, 100%], hold: "2m, 24 calls", roll_back_if: [error_rate > 1%] }
monitors:
  calibration: { outcome: late, metric: observed_expected, window: 14d, every: 7d, alert_if: value outside 0.8..1.25 }
  drift: { reference: training, window: 7d }
triggers:
  - { on: alert, monitor: calibration }
  - { on: schedule, cron: "0 3 * * 1" }
`;

function refused(text: string): MillwrightError {
  try {
    parseProject(text);
  } catch (error) {
    if (error instanceof MillwrightError) return error;
    throw error;
  }
  throw new Error('the file was accepted');
}

describe('a good file', () => {
  it('becomes a spec with ms, percent and clauses', () => {
    const spec = parseProject(GOOD);
    expect(spec.endpoint?.rollout.steps).toEqual([10, 50, 100]);
    expect(spec.endpoint?.rollout.hold).toEqual({ ms: 120_000, calls: 24 });
    expect(spec.monitors['calibration']).toMatchObject({
      kind: 'performance',
      windowMs: 14 * 86_400_000,
      everyMs: 7 * 86_400_000,
    });
    expect(spec.monitors['drift']).toMatchObject({ kind: 'drift', everyMs: 7 * 86_400_000 });
    expect(spec.model?.gates.map((gate) => gate.where)).toEqual([
      'millwright.yaml:17',
      'millwright.yaml:17',
      'millwright.yaml:17',
    ]);
    expect(spec.pipeline['train']?.params).toEqual({ depth: 6 });
    expect(spec.triggers[1]).toMatchObject({ on: 'schedule', timezone: 'UTC' });
  });
});

describe('a wrong file is refused with place and remedy', () => {
  const cases: [string, string, string, string, RegExp, string][] = [
    [
      'unknown key',
      'artifact: model.onnx',
      'artefact: model.onnx',
      'MW-CONFIG-KEY',
      /"artefact".*did you mean "artifact"/,
      'millwright.yaml:15:3',
    ],
    ['unknown top key', 'monitors:', 'monitor:', 'MW-CONFIG-KEY', /did you mean "monitors"/, 'millwright.yaml:21:1'],
    [
      'unknown step key',
      'run: python features.py',
      'cmd: python features.py',
      'MW-CONFIG-KEY',
      /"cmd"/,
      'millwright.yaml:6:15',
    ],
    [
      'wrong type',
      'in: [features.parquet]\n',
      'in: features.parquet\n',
      'MW-CONFIG-VALUE',
      /pipeline.train.in/,
      'millwright.yaml:9:9',
    ],
    [
      'bad gate',
      'accuracy >= 0.70',
      'accuracy => 0.70',
      'MW-CONFIG-EXPRESSION',
      /expected one of/,
      'millwright.yaml:17:11',
    ],
    [
      'missing input',
      'in: [flights]',
      'in: [flihgts]',
      'MW-CONFIG-VALUE',
      /did you mean "flights"/,
      'millwright.yaml:6:45',
    ],
    [
      'cycle',
      'in: [flights], out',
      'in: [flights, model.onnx], out',
      'MW-CONFIG-CYCLE',
      /features → train → features|train → features → train/,
      '',
    ],
    ['steps not rising', '10%, 50%, 100%', '50%, 10%, 100%', 'MW-CONFIG-VALUE', /must rise/, 'millwright.yaml:20:21'],
    [
      'path leaves the project',
      'data/flights/*.parquet',
      '../flights/*.parquet',
      'MW-CONFIG-VALUE',
      /datasets.flights.from/,
      'millwright.yaml:4:20',
    ],
    [
      'model made by nobody',
      'artifact: model.onnx',
      'artifact: model.pkl',
      'MW-CONFIG-VALUE',
      /no step puts out/,
      'millwright.yaml:15:13',
    ],
    [
      'trigger of an unknown monitor',
      'monitor: calibration',
      'monitor: calib',
      'MW-CONFIG-VALUE',
      /known: calibration, drift/,
      'millwright.yaml:25:5',
    ],
    ['not YAML', 'project: flights', 'project: [flights', 'MW-CONFIG-SYNTAX', /./, ''],
    [
      'the same key twice',
      'datasets:',
      'project: other\ndatasets:',
      'MW-CONFIG-SYNTAX',
      /unique/i,
      'millwright.yaml:3:1',
    ],
    [
      'neither run nor uses',
      'run: python features.py, ',
      '',
      'MW-CONFIG-VALUE',
      /"run" or "uses"/,
      'millwright.yaml:6:13',
    ],
  ];
  it.each(cases)('%s', (_, find, put, code, message, where) => {
    expect(GOOD).toContain(find);
    const error = refused(GOOD.replace(find, put));
    expect(error.code).toBe(code);
    expect(error.message).toMatch(message);
    if (where !== '') expect(error.where).toBe(where);
  });

  it('an empty file, a list and a huge file', () => {
    expect(refused('').code).toBe('MW-CONFIG-VALUE');
    expect(refused('- a\n- b\n').code).toBe('MW-CONFIG-VALUE');
    expect(refused(`# ${'x'.repeat(300_000)}`).code).toBe('MW-CONFIG-VALUE');
  });
});
