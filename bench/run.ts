/**
 * `npm run bench -- [names] [--quick] [--dist folder]`: measures, prints a table, writes bench/results/<date>.json (not in git).
 * Every entry runs in a process of its own. Figures stand beside a peer or a raw limit of the same run, because a busy or slow
 * machine changes both: compare ratios between runs, not milliseconds.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, totalmem } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { BenchOptions, Entry, Figure } from './figures.ts';

const ENTRIES: Readonly<Record<string, () => Promise<Entry>>> = {
  start: async () => (await import('./entries/start.ts')).start,
  serving: async () => (await import('./entries/serving.ts')).serving,
  'serving-peers': async () => (await import('./entries/serving-peers.ts')).servingPeers,
  'serving-load': async () => (await import('./entries/serving-load.ts')).servingLoad,
  'serving-binary': async () => (await import('./entries/serving-binary.ts')).servingBinary,
  'serving-memory': async () => (await import('./entries/serving-memory.ts')).servingMemory,
  tracking: async () => (await import('./entries/tracking.ts')).tracking,
  store: async () => (await import('./entries/store.ts')).store,
  pipeline: async () => (await import('./entries/pipeline.ts')).pipeline,
  monitoring: async () => (await import('./entries/monitoring.ts')).monitoring,
};
const MARK = 'bench-figures ';
const self = fileURLToPath(import.meta.url);

interface Outcome {
  readonly entry: string;
  readonly seconds: number;
  readonly loadBefore: number;
  readonly figures: readonly Figure[];
  readonly error?: string;
}

const load = (): number => Math.round((loadavg()[0] ?? 0) * 10) / 10;

function run(entry: string, { quick, dist }: BenchOptions): Promise<Outcome> {
  const start = performance.now();
  const loadBefore = load();
  const args = [self, '--entry', entry, '--dist', dist, ...(quick ? ['--quick'] : [])];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let [said, trouble] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (trouble = (trouble + chunk.toString()).slice(-4000)));
  return new Promise((done) => {
    child.once('close', (code) => {
      const line = said.split('\n').find((text) => text.startsWith(MARK));
      const seconds = Math.round((performance.now() - start) / 100) / 10;
      const failed = code === 0 && line !== undefined ? {} : { error: trouble.trim() || `exit code ${code}` };
      done({
        entry,
        seconds,
        loadBefore,
        figures: line === undefined ? [] : JSON.parse(line.slice(MARK.length)),
        ...failed,
      });
    });
  });
}

const round = (value: number): string =>
  value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);

function print({ entry, seconds, loadBefore, figures, error }: Outcome): void {
  process.stdout.write(`\n${entry}  (${seconds} s, load before ${loadBefore})\n`);
  for (const { name, value, unit, against, ratio } of figures) {
    const peer =
      against === undefined
        ? ''
        : `${(ratio === undefined ? '' : `${round(ratio)} ×`).padStart(10)} ${against.what} (${round(against.value)})`;
    process.stdout.write(`  ${name.padEnd(52)}${round(value).padStart(10)} ${unit.padEnd(12)}${peer}\n`);
  }
  if (error !== undefined) process.stdout.write(`  FAILED: ${error}\n`);
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      quick: { type: 'boolean', default: false },
      dist: { type: 'string', default: fileURLToPath(new URL('../dist', import.meta.url)) },
      entry: { type: 'string' },
    },
  });
  const options: BenchOptions = { quick: values.quick, dist: resolve(values.dist) };
  if (values.entry !== undefined) {
    const entry = await ENTRIES[values.entry]?.();
    process.stdout.write(`${MARK}${JSON.stringify(await entry?.(options))}\n`);
    return;
  }
  const unknown = positionals.find((name) => !(name in ENTRIES));
  if (unknown !== undefined) {
    process.stderr.write(`no entry "${unknown}"; there are ${Object.keys(ENTRIES).join(', ')}\n`);
    process.exitCode = 2;
    return;
  }
  if (!existsSync(join(options.dist, 'main.js'))) {
    process.stderr.write('the program is not built; run: npm run build:server\n');
    process.exitCode = 2;
    return;
  }
  const machine = {
    cpu: cpus()[0]?.model ?? '',
    cores: availableParallelism(),
    memoryMiB: Math.round(totalmem() / 2 ** 20),
    node: process.version,
    load: load(),
  };
  process.stdout.write(`${machine.cores} × ${machine.cpu}, Node ${machine.node}, load ${machine.load}\n`);
  const outcomes: Outcome[] = [];
  for (const name of positionals.length === 0 ? Object.keys(ENTRIES) : positionals) {
    const outcome = await run(name, options);
    print(outcome);
    outcomes.push(outcome);
  }
  const date = new Date().toISOString();
  const folder = fileURLToPath(new URL('./results', import.meta.url));
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `${date.slice(0, 19).replaceAll(':', '')}.json`);
  writeFileSync(path, `${JSON.stringify({ date, machine, quick: options.quick, outcomes }, undefined, 1)}\n`);
  process.stdout.write(`\n${path}\n`);
  if (outcomes.some((outcome) => outcome.error !== undefined)) process.exitCode = 1;
}

await main();
