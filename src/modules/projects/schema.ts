/** The shape of `millwright.yaml`. Its descriptions are the manual: docs and the JSON Schema are made from here. */
import { z } from 'zod';

const NAME = /^[a-z0-9][a-z0-9._-]{0,62}$/;
const name = z
  .string()
  .regex(NAME, 'lower-case letters, digits, ".", "_" and "-", at most 63, starting with a letter or digit');
const duration = z
  .string()
  .regex(/^\d+(\.\d+)?(ms|s|m|h|d)$/, 'a duration such as 30s, 2m, 6h or 14d')
  .describe('A duration: number and ms, s, m, h or d.');
const relativePath = z
  .string()
  .min(1)
  .max(500)
  .refine(
    (path) => !path.startsWith('/') && !path.split('/').includes('..') && !path.includes('\\'),
    'a path inside the project, with "/"',
  );
const condition = z.string().min(1).max(500);
const scalar = z.union([z.string(), z.number(), z.boolean()]);

const environment = z
  .strictObject({
    python: z
      .string()
      .regex(/^(>=)?3\.\d{1,2}$/, 'a version such as "3.11" or ">=3.9"')
      .optional()
      .describe('Python version, exact minor or a lower bound.'),
    requirements: relativePath.optional().describe('requirements.txt, uv.lock or pyproject.toml.'),
  })
  .describe('What the steps run in: locked with hashes, built once, recorded with every model version.');

const dataset = z
  .strictObject({
    from: z
      .union([relativePath, z.array(relativePath).min(1).max(50)])
      .describe('Glob pattern or patterns: Parquet, CSV or JSON-lines files of the project.'),
    checks: z
      .array(z.string().min(1).max(300))
      .max(100)
      .default([])
      .describe('For example: rows >= 1000, "winrate between 0 and 1", missing(temp) <= 0.2, unique(id).'),
  })
  .describe('A dataset. Every distinct content becomes a DatasetVersion with schema and profile.');

const step = z
  .strictObject({
    run: z
      .string()
      .min(1)
      .max(4000)
      .optional()
      .describe('The command, split into words without a shell. {name} is replaced by a parameter.'),
    uses: z
      .enum(['onnx'])
      .optional()
      .describe('A built-in step instead of a command. onnx: export a scikit-learn model, with a parity report.'),
    in: z.array(z.string().min(1).max(250)).max(100).default([]).describe('Datasets and files of earlier steps.'),
    out: z.array(relativePath).min(1).max(100).describe('Files the step writes.'),
    params: z
      .record(z.string().regex(/^[A-Za-z_]\w{0,62}$/), scalar)
      .default({})
      .describe("Parameters: MW_PARAMS (JSON) and MW_PARAM_<NAME> in the step's environment."),
    timeout: duration.default('1h').describe('The step is stopped when it runs longer.'),
    retries: z.number().int().min(0).max(10).default(0).describe('Further tries after a non-zero exit.'),
  })
  .refine((value) => (value.run === undefined) !== (value.uses === undefined), {
    message: 'needs either "run" or "uses"',
  });

const model = z
  .strictObject({
    name: name.describe('Name of the RegisteredModel.'),
    artifact: relativePath.describe('The output of a step that is the model: an ONNX file.'),
    metrics: relativePath
      .default('metrics.json')
      .describe('Output of a step: {"metric": number} or {"metric": {"value", "low", "high", "n"}}.'),
    scores: relativePath
      .optional()
      .describe(
        'Output of a step: CSV with outcome, prediction, block. Gives intervals and gain.* over the same rows as the champion.',
      ),
    gates: z
      .array(condition)
      .max(50)
      .default([])
      .describe(
        'Conditions that must hold before the model may go live. champion.X is the metric of the live model on the same data.',
      ),
  })
  .describe('The model that the pipeline makes, and what it must prove.');

const percent = z.union([z.string().regex(/^\d+(\.\d+)?%$/, 'a share such as 10%'), z.number().min(0).max(100)]);

const ab = z.strictObject({
  outcome: z.string().min(1).max(100).describe('The outcome that decides, by its name.'),
  metric: z
    .enum(['outcome_rate', 'accuracy', 'log_loss', 'brier'])
    .default('outcome_rate')
    .describe('What is compared between the two versions.'),
  split: percent.default('50%').describe("The new version's share of the callers (sticky_key, else the request id)."),
  confidence: percent.default('95%').describe('Of the confidence sequence: valid however often it is looked at.'),
  at_most: duration.default('14d').describe('It ends without a winner after this long; the old version stays.'),
});

const rollout = z.strictObject({
  strategy: z
    .enum(['canary', 'all-at-once', 'shadow', 'ab'])
    .default('canary')
    .describe(
      'canary takes the calls share by share; shadow answers copies of them first; ab splits the callers until outcomes decide; all-at-once takes them all. The first version always takes all.',
    ),
  mirror: percent.default('100%').describe('shadow: share of the calls that is copied to the new version.'),
  ab: ab.optional().describe('Needed with strategy ab.'),
  steps: z
    .array(percent)
    .min(1)
    .max(20)
    .default(['10%', '50%', '100%'])
    .describe('Shares of the calls, rising, the last 100%.'),
  hold: z
    .string()
    .regex(
      /^(\d+(\.\d+)?(ms|s|m|h|d)|\d+ calls)(\s*,\s*(\d+(\.\d+)?(ms|s|m|h|d)|\d+ calls))?$/,
      'a duration, "200 calls", or both: "2m, 200 calls"',
    )
    .default('2m')
    .describe('How long each share is watched: a duration, a number of calls, or both.'),
  at_most: duration
    .optional()
    .describe('A step that lasts longer (for want of calls or outcomes) is shown as overdue; it goes on.'),
  roll_back_if: z.array(condition).max(20).default([]).describe('For example: error_rate > 1%, latency.p99 > 50ms.'),
});

const limits = z
  .strictObject({
    timeout: duration.default('30s').describe('Longest wait for an answer when the caller asks for none.'),
    queue: z.number().int().min(1).max(100_000).default(2048).describe('Calls that may wait; more are refused (429).'),
    rate: z
      .number()
      .positive()
      .max(1_000_000)
      .optional()
      .describe('Calls a second of one client (its token, else its address).'),
    burst: z
      .number()
      .int()
      .min(1)
      .max(100_000)
      .optional()
      .describe('Calls at once on top of the rate; default: the rate.'),
    replicas: z
      .string()
      .regex(/^\d{1,2}(\.\.\d{1,2})?$/, 'a number or a range such as 1..4')
      .default('1..2')
      .describe('Workers of each model; more are added while calls wait.'),
    idle: duration
      .optional()
      .describe('Unload the model after this long without a call; the next call loads it again.'),
    memory: z.number().int().min(64).max(1_048_576).default(4096).describe('MiB of one Python process.'),
  })
  .describe('What the endpoint may use, and when it refuses.');

const log = z
  .strictObject({
    sample: percent.default('100%').describe('Share of the calls that is kept in the prediction log.'),
    redact: z.array(z.string().min(1).max(250)).max(500).default([]).describe('Inputs whose values are not kept.'),
  })
  .describe('What of the calls is kept.');

const endpoint = z
  .strictObject({
    name: name.describe('What clients call: /v2/models/<name>/infer.'),
    rollout: rollout.prefault({}).describe('How a new version takes the calls over.'),
    limits: limits.prefault({}),
    log: log.prefault({}),
  })
  .describe('A stable name that answers, and how a new version takes it over.');

const monitor = z
  .strictObject({
    reference: z
      .enum(['training'])
      .optional()
      .describe('Drift of the inputs against the training data of the serving version.'),
    outcome: z.string().min(1).max(100).optional().describe('Performance on outcomes of this name.'),
    metric: z
      .enum(['observed_expected', 'log_loss', 'brier', 'auc', 'accuracy', 'outcome_rate'])
      .optional()
      .describe('Needed with outcome. Intervals resample whole days.'),
    window: duration.default('1d').describe('How much data each evaluation looks at, on the clock of the data.'),
    every: duration.optional().describe('How often it is evaluated; the window when left out.'),
    alert_if: condition
      .optional()
      .describe('For example: value outside 0.8..1.25, or drifted_share > 0.3. Without it the monitor only shows.'),
    consecutive: z.number().int().min(1).max(100).default(1).describe('Evaluations in a row before the alert fires.'),
  })
  .refine((value) => (value.reference === undefined) !== (value.outcome === undefined), {
    message: 'needs either "reference" (drift) or "outcome" with "metric" (performance)',
  })
  .refine((value) => value.outcome === undefined || value.metric !== undefined, {
    message: '"outcome" needs a "metric"',
  });

const trigger = z.discriminatedUnion('on', [
  z.strictObject({
    on: z.literal('alert'),
    monitor: z.string().optional().describe('Only alerts of this monitor; any when left out.'),
    run: z.literal('pipeline').default('pipeline'),
  }),
  z.strictObject({
    on: z.literal('schedule'),
    cron: z.string().min(1).max(100).describe('Minute, hour, day of month, month, day of week.'),
    timezone: z.string().max(60).default('UTC'),
    run: z.literal('pipeline').default('pipeline'),
  }),
  z.strictObject({
    on: z.literal('dataset'),
    name: z.string().describe('A new version of this dataset starts a run.'),
    run: z.literal('pipeline').default('pipeline'),
  }),
]);

export const projectFile = z
  .strictObject({
    project: name.describe('Name of the project; also of its Experiment.'),
    description: z.string().max(300).optional().describe('One line for the people who see the project.'),
    environment: environment.default({}),
    datasets: z.record(name, dataset).default({}).describe('What the pipeline reads, by name.'),
    pipeline: z
      .record(name, step)
      .default({})
      .describe('Steps by name. Their order follows from what they take and make.'),
    model: model.optional(),
    endpoint: endpoint.optional(),
    monitors: z.record(name, monitor).default({}).describe('What is watched on the endpoint, by name.'),
    triggers: z.array(trigger).max(50).default([]).describe('What starts the pipeline besides a person.'),
  })
  .meta({
    id: 'Millwright',
    title: 'millwright.yaml',
    description: 'From train.py to a monitored service that retrains and redeploys itself.',
  });

export type ProjectFile = z.output<typeof projectFile>;

/** JSON Schema of the file, for editors. */
export function projectJsonSchema(): Record<string, unknown> {
  return z.toJSONSchema(projectFile, { io: 'input', unrepresentable: 'any' });
}
