/** The commands of the guide's page about the protocols, as they stand there, against a real data plane. NOT RUN where curl is missing. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { linearRoute, startPlane } from '../../scenarios/plane-harness.ts';

const GUIDE = new URL('../../../docs/guide/12-serve-anything.md', import.meta.url);

function missing(): boolean {
  try {
    execFileSync('curl', ['--version'], { stdio: 'pipe' });
    return false;
  } catch {
    process.stderr.write('NOT RUN: the guide by curl (1 test): no curl or no bash; install it: apt-get install curl\n');
    return true;
  }
}

test.skipIf(missing())('the guide can be followed by copying', { timeout: 60_000 }, async () => {
  const text = readFileSync(GUIDE, 'utf8').split('\n## The protocols\n')[1]?.split('\n## ')[0] ?? '';
  const blocks = [...text.matchAll(/```sh\n([\s\S]*?)```/g)].map((found) => found[1] ?? '');
  expect(blocks.length).toBeGreaterThanOrEqual(3);
  const harness = await startPlane({ workers: 1 });
  try {
    await harness.plane.apply(await linearRoute(1, [{ releaseId: 'linear-r2', percent: 100 }], [2]));
    const script = [
      'set -euo pipefail',
      'curl() { command curl --fail-with-body --write-out "\\n" "$@"; }',
      ...blocks,
    ].join('\n');
    const lines = execFileSync('bash', ['-c', script.replace('http://127.0.0.1:8080', harness.rest)], {
      encoding: 'utf8',
    })
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as unknown);
    expect(lines).toMatchObject([
      { ready: true },
      { name: 'linear', versions: ['2'] },
      { outputs: [{ name: 'y', data: [4, 6] }] },
      { model_version: '2' },
      { outputs: [{ data: [4, 6] }] },
      [{ name: 'linear', version: '2', state: 'READY' }],
      {},
      {},
      { model_stats: [{ name: 'linear' }] },
      { name: 'linear', backend: 'onnxruntime' },
    ]);
  } finally {
    await harness.end();
  }
});
