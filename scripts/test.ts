/**
 * `npm test`: the static gates, the build, every suite, and the whole loop on real flights (`mw demo --fast`); ends with one line of
 * counts that a machine can read. What cannot run here is printed as NOT RUN with its reason, never passed quietly.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, globSync, readFileSync, rmSync } from 'node:fs';
import { resolve } from 'node:path';
import { runGates } from './check.ts';

interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly testResults: readonly { readonly status: string; readonly name: string }[];
}

type Counts = { passed: number; failed: number; skipped: number };

const run = (command: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): number =>
  spawnSync(command, args, { stdio: 'inherit', env: { ...process.env, ...env } }).status ?? 1;

function seconds<T>(what: string, work: () => T): T {
  const started = performance.now();
  const result = work();
  console.log(`-- ${what}: ${((performance.now() - started) / 1000).toFixed(0)} s`);
  return result;
}

/** The loop from train.py to a model that replaces itself. Its environment also serves the tests that need scikit-learn. */
function demo(): Counts {
  if (spawnSync('python3', ['-c', 'import venv']).status !== 0) {
    console.log('NOT RUN: the demo (no python3 with venv). Install it: apt-get install python3-venv');
    return { passed: 0, failed: 0, skipped: 1 };
  }
  const ports = ['--port', '0', '--rest-port', '0', '--grpc-port', '0'];
  const status = run('node', ['dist/main.js', 'demo', '--fast', '--no-serve', ...ports]);
  return status === 0 ? { passed: 1, failed: 0, skipped: 0 } : { passed: 0, failed: 1, skipped: 0 };
}

function suites(): Counts {
  const report = 'node_modules/.cache/vitest-report.json';
  rmSync(report, { force: true });
  const [python] = globSync('examples/flights/.millwright/envs/*/*/.venv/bin/python');
  const env = python === undefined ? {} : { MW_TEST_PYTHON: resolve(python) };
  run('vitest', ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`], env);
  if (!existsSync(report)) return { passed: 0, failed: 1, skipped: 0 };
  const result = JSON.parse(readFileSync(report, 'utf8')) as Report;
  // A file that fails to load has no failed test of its own but must not pass.
  const broken = result.testResults.filter((file) => file.status === 'failed').length;
  const failed = Math.max(result.numFailedTests, broken);
  return { passed: result.numPassedTests, failed, skipped: result.numPendingTests };
}

const failedGates = seconds('static gates', runGates);
if (seconds('build', () => run('npm', ['run', '--silent', 'build'])) !== 0) {
  console.log('0 passed, 1 failed');
  process.exit(1);
}
const parts = [seconds('demo', demo), seconds('suites', suites), { passed: 0, failed: failedGates, skipped: 0 }];
const sum = (key: keyof Counts): number => parts.reduce((total, part) => total + part[key], 0);
console.log(`${sum('passed')} passed, ${sum('failed')} failed, ${sum('skipped')} skipped`);
process.exit(sum('failed') === 0 ? 0 : 1);
