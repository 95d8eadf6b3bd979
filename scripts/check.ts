/** `npm run check`: every static gate, each with its time; all run even when one fails. */
import { spawnSync } from 'node:child_process';

const GATES: readonly (readonly [string, string, readonly string[]])[] = [
  ['types', 'npm', ['run', '--silent', 'types']],
  ['format', 'npm', ['run', '--silent', 'format:check']],
  ['lint', 'npm', ['run', '--silent', 'lint']],
  ['sizes', 'node', ['scripts/sizes.ts']],
  ['boundaries', 'npm', ['run', '--silent', 'boundaries']],
  ['dead code', 'npm', ['run', '--silent', 'dead']],
  ['contracts', 'npm', ['run', '--silent', 'contracts:check']],
];

/** Returns the number of failed gates. */
export function runGates(): number {
  let failed = 0;
  for (const [name, command, args] of GATES) {
    const started = performance.now();
    const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8', maxBuffer: 1 << 28 });
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    const good = status === 0;
    if (!good) failed += 1;
    const last = stdout.trim().split('\n').at(-1) ?? '';
    console.log(
      `${good ? 'ok  ' : 'FAIL'} ${name.padEnd(11)} ${seconds.padStart(5)} s  ${good ? last.slice(0, 140) : ''}`,
    );
    if (!good) console.log(`${stdout}${stderr}`.trim().split('\n').slice(-60).join('\n'));
  }
  return failed;
}

if (import.meta.main) process.exit(runGates() === 0 ? 0 : 1);
