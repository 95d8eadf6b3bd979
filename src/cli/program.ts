/** The command line: names, flags and help here; each command's work in its own file, loaded when it is called. */
import { Command, CommanderError, Option } from 'commander';
import { MillwrightError } from '../domain/errors.ts';
import { action, fail } from './session.ts';

interface Spec {
  readonly name: string;
  readonly args?: string;
  readonly summary: string;
  readonly examples: readonly string[];
  readonly options?: readonly (readonly [flags: string, description: string, fallback?: string])[];
  readonly load: () => Promise<{ readonly run: Parameters<typeof action>[0] }>;
}

export const COMMANDS: readonly Spec[] = [
  {
    name: 'init',
    args: '[folder]',
    summary: 'Look at a folder and write a commented millwright.yaml, without asking',
    examples: ['mw init', 'mw init my-project --force'],
    options: [['--force', 'Overwrite a millwright.yaml that is there']],
    load: () => import('./commands/init.ts'),
  },
  {
    name: 'server',
    summary: 'Run the control plane, the web app and the data plane',
    examples: [
      'mw server',
      'mw server --port 5001 --rest-port 8090 --grpc-port 8091',
      'mw server --project ../flights',
    ],
    options: [
      ['--host <address>', 'Address to listen on; beyond loopback a token is needed'],
      ['--port <port>', 'Web app, REST and MLflow API (default 5000)'],
      ['--rest-port <port>', 'Inference over REST (default 8080)'],
      ['--grpc-port <port>', 'Inference over gRPC (default 8081)'],
      ['--project <folder...>', 'Folders with a millwright.yaml; default: this one, if it has one'],
      ['--metadata <url>', 'sqlite:///file.db, postgres://… or mysql://…; default: SQLite in the home'],
      ['--artifacts <url>', 's3://bucket/prefix; default: files in the home'],
      ['--allowed-hosts <names>', 'Further host names clients may use, separated by commas'],
      ['--access-log <file>', 'One JSON line a call of the data plane; - for its standard output'],
      ['--access-log-sample <percent>', 'Share of the calls in it (default 100)'],
      ['--log-level <level>', 'debug, info, warn, error or silent'],
      ['--webhook <url>', 'Where incidents and promotions are posted'],
    ],
    load: () => import('./commands/server.ts'),
  },
  {
    name: 'serve',
    args: '<model>',
    summary:
      'Serve one model over REST and gRPC, with no server: an .onnx file, a version, a model folder, another server',
    examples: [
      'mw serve model.onnx',
      'mw serve models:/flights@champion --port 8090 --grpc-port 8091',
      'mw serve models:/flights/3 --url http://tracking:5000 --name flights',
      'mw serve ./my-mlflow-model --python .venv/bin/python --log ./predictions',
      'mw serve http://other:8080/v2/models/flights --name flights --queue 200',
    ],
    options: [
      ['--name <name>', 'Name of the endpoint; default: of the file or the model'],
      ['--port <port>', 'Inference over REST (default 8080; 0 takes a free one)'],
      ['--grpc-port <port>', 'Inference over gRPC (default 8081; 0 takes a free one)'],
      ['--host <address>', 'Address to listen on; beyond loopback MILLWRIGHT_TOKEN is needed'],
      ['--allowed-hosts <names>', 'Further host names clients may use, separated by commas'],
      ['--workers <n>', 'Worker threads for models that take long'],
      ['--log <folder>', 'Keep requests and answers there as Parquet files; default: keep nothing'],
      ['--python <interpreter>', 'Of the environment that a Python model needs'],
      ['--isolate', 'Run native models in processes of their own'],
      ['--timeout-ms <ms>', 'Longest time for an answer (default 30000)'],
      ['--queue <n>', 'Calls that may wait (default 2048); more are told to come back later'],
      ['--replicas <n>', 'Most workers of the model (default 2)'],
      ['--per-client <n>', 'Most calls a second of one client'],
      ['--idle-ms <ms>', 'Unload the model after that long without a call; the next call waits for it'],
      ['--memory-mib <n>', 'Memory of one Python process (default 4096)'],
    ],
    load: () => import('./commands/serve.ts'),
  },
  {
    name: 'gateway',
    args: '<action>',
    summary: 'Replace the running data plane by one of this installation, without a dropped connection',
    examples: ['mw gateway replace', 'mw gateway replace --home /srv/millwright'],
    load: () => import('./commands/gateway.ts'),
  },
  {
    name: 'stop',
    summary: 'Stop the server of this home; endpoints go on answering unless --all',
    examples: ['mw stop', 'mw stop --all'],
    options: [['--all', 'Stop the data plane too']],
    load: () => import('./commands/stop.ts'),
  },
  {
    name: 'run',
    summary: 'Run the pipeline of this folder and follow it to its verdict',
    examples: ['mw run', 'mw run --set train.depth=6', 'mw run --no-wait --json'],
    options: [
      ['--set <step.param=value...>', 'Set a parameter for this run'],
      ['--no-wait', 'Return when it has started'],
    ],
    load: () => import('./commands/run.ts'),
  },
  {
    name: 'cancel',
    args: '<run>',
    summary: 'Stop a pipeline run',
    examples: ['mw cancel flights-12'],
    load: () => import('./commands/cancel.ts'),
  },
  {
    name: 'status',
    summary: 'Every project: stage by stage, what happens now and next',
    examples: ['mw status', 'mw status --json'],
    load: () => import('./commands/status.ts'),
  },
  {
    name: 'logs',
    args: '[run] [step]',
    summary: 'Logs of a pipeline run; of the newest one when none is named',
    examples: ['mw logs', 'mw logs flights-12 train', 'mw logs --follow'],
    options: [['-f, --follow', 'Go on until the run ends']],
    load: () => import('./commands/logs.ts'),
  },
  {
    name: 'open',
    args: '[page]',
    summary: 'Print the address of a page and open it in the browser',
    examples: ['mw open', 'mw open runs', 'mw open endpoints/flights'],
    load: () => import('./commands/open.ts'),
  },
  {
    name: 'runs',
    summary: 'Tracked runs by filter and order; pipeline runs with --pipelines',
    examples: [
      'mw runs',
      'mw runs --filter "metrics.auc > 0.7" --order "metrics.auc DESC"',
      'mw runs --pipelines',
      'mw runs --csv > runs.csv',
    ],
    options: [
      ['--experiment <name>', 'Only this experiment'],
      ['--filter <filter>', "MLflow's filter grammar"],
      ['--order <keys>', 'For example: metrics.auc DESC'],
      ['--limit <n>', 'At most this many (default 20; with --csv 100,000)'],
      ['--pipelines', 'Pipeline runs instead'],
      ['--csv', 'Print them as CSV, with every metric and param as a column'],
    ],
    load: () => import('./commands/runs.ts'),
  },
  {
    name: 'compare',
    args: '[runs...]',
    summary: 'What differs between runs; with --group, runs that differ in nothing but the seed together',
    examples: [
      'mw compare 3f2a… 9c11…',
      'mw compare --group --metric auc',
      'mw compare --group --by params.lr --metric loss --lower-is-better',
    ],
    options: [
      ['--group', 'Groups with mean, interval and a test against the best one'],
      ['--by <keys>', 'params.lr,tags.data; default: every param but the seed'],
      ['--metric <metric>', 'That the groups are ordered by and tested on'],
      ['--lower-is-better', 'The best group is the one with the least of it'],
      ['--experiment <name>', 'Only this experiment'],
      ['--filter <filter>', "MLflow's filter grammar"],
    ],
    load: () => import('./commands/compare.ts'),
  },
  {
    name: 'models',
    args: '[model] [version]',
    summary: 'Registered models, the versions of one, the story of one; prove a version, set the gates of an alias',
    examples: [
      'mw models',
      'mw models flights',
      'mw models flights/3',
      'mw models flights/3 --card',
      'mw models prove flights/3',
      'mw models flights --alias champion --gate "auc >= 0.7" --gate "auc > champion.auc"',
    ],
    options: [
      ['--card', 'The model card, in Markdown'],
      ['--alias <alias>', 'The alias whose gates are set'],
      ['--gate <gate...>', 'What a version must pass before the alias may point at it'],
      ['--no-gates', 'Take the gates of the alias away'],
      ['--no-wait', 'prove: return when it has started'],
    ],
    load: () => import('./commands/models.ts'),
  },
  {
    name: 'import',
    args: '<kind> <source>',
    summary: 'Bring an MLflow server, database or mlruns folder over, whole; again: what is new',
    examples: [
      'mw import mlflow http://mlflow.internal:5000',
      'mw import mlflow sqlite:///mlflow.db',
      'mw import mlflow ./mlruns --experiment flights',
      'mw import mlflow postgresql://user@db/mlflow --source-artifacts ./mlartifacts',
    ],
    options: [
      ['--experiment <names...>', 'Only these experiments, and no models'],
      ['--source-artifacts <folder>', 'The folder that the old server served artifacts from'],
      ['--source-token <token>', 'Bearer token of the old server'],
      ['--source-user <user:password>', 'Of the old server'],
    ],
    load: () => import('./commands/import.ts'),
  },
  {
    name: 'export',
    args: '<folder>',
    summary: 'Write everything to files that other tools read: one for each table of mw sql --tables',
    examples: ['mw export ./out', 'mw export ./out --experiment flights --artifacts', 'mw export ./out --format csv'],
    options: [
      ['--format <format>', 'parquet, csv or jsonl', 'parquet'],
      ['--experiment <names...>', 'Only these experiments and what belongs to them'],
      ['--artifacts', 'Files of runs, logged models and traces too, below artifacts/<experiment>/<run>/'],
    ],
    load: () => import('./commands/export.ts'),
  },
  {
    name: 'data',
    args: '[dataset]',
    summary: 'Versions of datasets; of one, with what changed and what its checks said',
    examples: ['mw data', 'mw data flights/flights', 'mw data flights/flights --json'],
    load: () => import('./commands/data.ts'),
  },
  {
    name: 'sql',
    args: '[query]',
    summary: 'Ask all metadata in SQL, read-only; without a query: a prompt, or the text on stdin',
    examples: [
      'mw sql "select name, duration_s from runs order by duration_s desc limit 10"',
      'mw sql --tables',
      'mw sql --tables runs',
      'mw sql --csv "select * from metrics" > metrics.csv',
    ],
    options: [
      ['--tables [name]', 'The tables, or the columns of one'],
      ['--csv', 'Print the rows as CSV'],
      ['--limit <n>', 'Rows of the answer, at most 10,000', '1000'],
    ],
    load: () => import('./commands/sql.ts'),
  },
  {
    name: 'gc',
    summary: 'What is deleted and reached by nothing, and what it would free; deletes it with --apply',
    examples: ['mw gc', 'mw gc --older-than 7d', 'mw gc --apply', 'mw gc --trash', 'mw gc --restore run/3f2a…'],
    options: [
      ['--apply', 'Delete it for good'],
      ['--older-than <age>', 'Only what was deleted longer ago: 30d, 12h', '30d'],
      ['--trash', 'What can still be restored'],
      ['--restore <kind/id>', 'Take a run, an experiment or a logged-model out of the trash'],
    ],
    load: () => import('./commands/gc.ts'),
  },
  {
    name: 'promote',
    args: '<model/version>',
    summary: 'Point an alias at a version if its gates pass; --undo puts it back where it was',
    examples: ['mw promote flights/3', 'mw promote flights/3 --alias staging', 'mw promote flights --undo'],
    options: [
      ['--alias <alias>', 'Which alias', 'champion'],
      ['--undo', 'Back to where the alias was before its last move'],
    ],
    load: () => import('./commands/promote.ts'),
  },
  {
    name: 'lineage',
    args: '<what>',
    summary: 'What led to a thing and what it led to: data, runs, versions, releases, incidents',
    examples: [
      'mw lineage flights/3',
      'mw lineage flights@champion --up',
      'mw lineage 3f2a1b7c --down',
      'mw lineage flights-a1',
    ],
    options: [
      ['--up', 'Only causes'],
      ['--down', 'Only effects'],
      ['--depth <n>', 'At most this many steps away (20 at most)'],
    ],
    load: () => import('./commands/lineage.ts'),
  },
  {
    name: 'deploy',
    args: '[endpoint]',
    summary: 'Release a version to its endpoint; shows the plan first',
    examples: [
      'mw deploy',
      'mw deploy flights --version 3',
      'mw deploy flights --plan',
      'mw deploy --model iris@champion --endpoint iris',
      'mw deploy flights --target kubernetes --image registry.example/flights --namespace ml --plan',
      'mw deploy flights --target kubernetes --image registry.example/flights --output yaml > flights.yaml',
    ],
    options: [
      ['--version <n>', 'Which version; default: the newest accepted one'],
      ['--model <model>', 'A registered model, also without a project: name, name/3 or name@alias'],
      ['--endpoint <name>', 'With --model: the endpoint, made if there is none; default: the name of the model'],
      ['--plan', 'Show what would change and stop (exit 3 when something would)'],
      ['--target <target>', 'kubernetes: run the packaged image in a cluster instead of on this machine'],
      [
        '--image <repository>',
        'kubernetes: where the cluster pulls it from; the digest of the packaged image is added',
      ],
      ['--namespace <name>', 'kubernetes: default "default"'],
      ['--context <name>', 'kubernetes: context of the kubeconfig'],
      ['--kubeconfig <file>', 'kubernetes: default: what kubectl takes'],
      ['--name <name>', 'kubernetes: name of the objects; default: the endpoint'],
      ['--replicas <range>', 'kubernetes: pods, for example 2..6 (default 2..4)'],
      ['--cpu <amount>', 'kubernetes: CPU a pod asks for (default 500m)'],
      ['--memory <amount>', 'kubernetes: memory of a pod (default 512Mi)'],
      ['--kserve', 'kubernetes: a KServe InferenceService instead of a Deployment'],
      ['--canary <percent>', 'kubernetes with --kserve: share of the calls for this version'],
      ['--output <format>', 'kubernetes: print the objects as yaml or json and contact no cluster'],
      ['--force', 'kubernetes: take over fields that somebody else manages'],
      ['--no-wait', 'kubernetes: return when the cluster has the objects'],
    ],
    load: () => import('./commands/deploy.ts'),
  },
  {
    name: 'rollback',
    args: '[endpoint]',
    summary: 'Put the previous version back at once',
    examples: ['mw rollback', 'mw rollback flights'],
    load: () => import('./commands/rollback.ts'),
  },
  {
    name: 'predict',
    args: '[endpoint] [rows]',
    summary: 'Send rows (JSON or a .json file) to an endpoint, or score whole files with --batch',
    examples: [
      'mw predict flights',
      `mw predict flights '{"origin":"JFK","distance":1400}'`,
      'mw predict flights rows.json',
      'mw predict flights --batch rows.parquet --out scored.parquet',
      "mw predict flights --batch 's3://lake/day.parquet' --out s3://lake/scored.parquet",
    ],
    options: [
      ['--batch <files...>', 'Parquet, CSV or JSON-lines files, patterns or s3:// addresses; needs --out'],
      ['--out <file>', 'The rows with the answers beside them: .parquet, .csv or .jsonl; also s3://…'],
      ['--check <n>', 'Rows that are also asked of the running endpoint and must get the same answer (default 100)'],
      ['--restart', 'Begin anew instead of going on where a run before stopped'],
    ],
    load: () => import('./commands/predict.ts'),
  },
  {
    name: 'client',
    args: '[endpoint]',
    summary: 'Write a typed client of one model: a single file in TypeScript or Python, with nothing to install',
    examples: [
      'mw client flights --out src/flights.ts',
      'mw client flights --language python --out flights.py',
      'mw client --url http://127.0.0.1:8080 --language python',
    ],
    options: [
      ['--language <language>', 'typescript or python; default: by the ending of --out, else typescript'],
      ['--out <file>', 'Where it goes; default: the standard output'],
    ],
    load: () => import('./commands/client.ts'),
  },
  {
    name: 'alerts',
    args: '[alert]',
    summary: 'Incidents: what moved, since when, how sure, and what the loop did about it',
    examples: ['mw alerts', 'mw alerts flights-a1', 'mw alerts --firing'],
    options: [['--firing', 'Only those that are not over']],
    load: () => import('./commands/alerts.ts'),
  },
  {
    name: 'token',
    args: '<action> [name]',
    summary: 'Make, list and revoke tokens for a server that asks for them: create, list, revoke',
    examples: ['mw token create ci --role editor', 'mw token list', 'mw token revoke ci'],
    options: [['--role <role>', 'viewer (reads, predicts), editor (runs, deploys, logs) or admin', 'viewer']],
    load: () => import('./commands/token.ts'),
  },
  {
    name: 'demo',
    args: '[story]',
    summary: 'The whole loop on real flights (or the champion-picks story), with its own server',
    examples: ['mw demo', 'mw demo --fast', 'mw demo champion-picks'],
    options: [
      ['--fast', 'A shorter replay, for CI'],
      ['--kill', 'Kill -9 the control plane twice on the way and start it again'],
      ['--no-serve', 'Stop everything at the end instead of leaving the pages open'],
      ['--port <port>', 'Web app and API (default 5000)'],
      ['--rest-port <port>', 'Inference over REST (default 8080)'],
      ['--grpc-port <port>', 'Inference over gRPC (default 8081)'],
    ],
    load: () => import('./commands/demo.ts'),
  },
  {
    name: 'migrate-store',
    summary: 'Copy all metadata (and blobs) to another database: SQLite, PostgreSQL, MySQL; verified, or not at all',
    examples: [
      'mw migrate-store --to postgres://mw:password@127.0.0.1:5432/millwright',
      'mw migrate-store --from mysql://mw:password@db:3306/millwright --to sqlite:///srv/millwright/millwright.db',
      'mw migrate-store --to postgres://mw:password@db/millwright --artifacts-from file:///srv/mw/blobs --artifacts-to s3://bucket/mw',
    ],
    options: [
      ['--from <url>', 'Metadata to copy (default: that of the home, or MILLWRIGHT_METADATA)'],
      ['--to <url>', 'An empty database, or a file that is not there yet'],
      ['--artifacts-from <url>', 'Blobs to copy too: file:///folder or s3://bucket/prefix'],
      ['--artifacts-to <url>', 'Where the blobs go'],
    ],
    load: () => import('./commands/migrate-store.ts'),
  },
  {
    name: 'completion',
    args: '<shell>',
    summary: 'Print the completion script of bash, zsh or fish',
    examples: ['mw completion bash >> ~/.bashrc'],
    load: () => import('./commands/completion.ts'),
  },
];

function register(program: Command, spec: Spec): void {
  const command = new Command(spec.name);
  if (spec.args !== undefined) command.arguments(spec.args);
  command
    .summary(spec.summary)
    .description(spec.summary)
    .addHelpText('beforeAll', `Examples:\n${spec.examples.map((line) => `  ${line}`).join('\n')}\n`)
    .exitOverride()
    .configureOutput({ writeErr: () => undefined });
  for (const [flags, description, fallback] of spec.options ?? []) {
    const option = new Option(flags, description);
    if (fallback !== undefined) option.default(fallback);
    command.addOption(option);
  }
  command.action(action(async (session, args, flags) => (await spec.load()).run(session, args, flags)));
  program.addCommand(command);
}

/** The whole tree; also read by the generator of the CLI reference. */
export function createProgram(version: string): Command {
  const program = new Command('mw')
    .description('Millwright: from train.py to a monitored service that retrains and redeploys itself.')
    // Without its long form, which would swallow `mw deploy --version 3`; runProgram takes `mw --version`.
    .version(version, '-V', 'Print the version of Millwright (also: mw --version)')
    .option('--json', 'Print the result (and errors) as JSON')
    .option('--quiet', 'No progress, no notes')
    .option('--no-color', 'No colours (also NO_COLOR)')
    .option('--debug', 'Print stack traces')
    .option('--home <folder>', 'Folder with everything the server keeps (MILLWRIGHT_HOME, default ./.millwright)')
    .option('--url <url>', 'Server to talk to (MILLWRIGHT_URL; default: the one of the home)')
    .addHelpText('beforeAll', 'Examples:\n  mw init && mw run && mw deploy\n  mw demo\n')
    .showSuggestionAfterError(true)
    .exitOverride()
    .configureOutput({ writeErr: () => undefined });
  for (const spec of COMMANDS) register(program, spec);
  return program;
}

export async function runProgram(argv: readonly string[]): Promise<void> {
  const { default: manifest } = await import('../../package.json', { with: { type: 'json' } });
  const program = createProgram(manifest.version);
  process.once('SIGINT', () => process.exit(130));
  // `mw sql … | head`: whoever read has had enough.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
  if (argv.length <= 2) {
    program.outputHelp();
    return;
  }
  try {
    await program.parseAsync(argv[2] === '--version' ? [...argv.slice(0, 2), '-V'] : [...argv]);
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return;
    const message = error.message.replace(/^error: /, '').replace(/\n\(Did you mean (.+)\?\)$/, '; did you mean "$1"?');
    fail(new MillwrightError('MW-USAGE', message, { next: 'mw --help' }), {
      json: argv.includes('--json'),
      debug: false,
    });
  }
}
