/** KServe's unmodified client in the V1 protocol. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { openDoors, PEOPLE } from '../../fixtures/doors.ts';
import { pythonWithMlflow } from '../mlflow/python-client.ts';

const found = await pythonWithMlflow(['kserve==0.21.0']);
const python = 'python' in found ? found.python : '';
if ('missing' in found) console.log(`NOT RUN: KServe's client in V1; ${found.missing}; install it: pip install kserve`);

test.skipIf(python === '')(
  'KServe’s client lives, is ready, predicts, and reads our refusals',
  async () => {
    const doors = await openDoors({ people: PEOPLE });
    const script = fileURLToPath(new URL('client.py', import.meta.url));
    const { stdout } = await promisify(execFile)(python, [script, doors.url], { timeout: 90_000 });
    expect(JSON.parse(stdout.trim().split('\n').at(-1) ?? '')).toEqual({
      live: true,
      ready: true,
      answer: {
        predictions: [
          { score: 37.5, label: 'old' },
          { score: 21.5, label: 'young' },
        ],
      },
      refused: expect.stringContaining('takes INT64, but row 0 has a text'),
      nobody: expect.stringContaining('MW-NOT-FOUND'),
    });
    await doors.end();
  },
  120_000,
);
