/** `npm test`: check, build, then every suite; ends with one line of counts that a machine can read. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { runGates } from './check.ts';

interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly testResults: readonly { readonly status: string; readonly name: string }[];
}

const run = (command: string, args: readonly string[]): boolean =>
  spawnSync(command, args, { stdio: 'inherit' }).status === 0;

if (!existsSync('node_modules/node') && !run('npm', ['install', '--no-save', '--loglevel=error'])) process.exit(1);
const failedGates = runGates();
if (!run('npm', ['run', '--silent', 'build'])) {
  console.log('0 passed, 1 failed');
  process.exit(1);
}
const report = 'node_modules/.cache/vitest-report.json';
rmSync(report, { force: true });
run('vitest', ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`]);
if (!existsSync(report)) {
  console.log('0 passed, 1 failed');
  process.exit(1);
}
const result = JSON.parse(readFileSync(report, 'utf8')) as Report;
// A file that fails to load has no failed test of its own but must not pass.
const broken = result.testResults.filter((file) => file.status === 'failed').length;
const failed = Math.max(result.numFailedTests, broken) + failedGates;
console.log(`${result.numPassedTests} passed, ${failed} failed, ${result.numPendingTests} skipped`);
process.exit(failed === 0 ? 0 : 1);
