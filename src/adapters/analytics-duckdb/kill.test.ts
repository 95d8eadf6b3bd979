import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createDuckDbAnalytics } from './index.ts';
import { writePredictionFile } from '../../../test/fixtures/prediction-file.ts';

/** Adds outcomes, merges all the while, prints each number once it is acknowledged. */
const CHILD = `
  const [index, home, start] = process.argv.slice(1);
  const { createDuckDbAnalytics } = await import(index);
  const store = createDuckDbAnalytics({ home });
  (async () => {
    for (;;) {
      await store.compact('flights');
      await new Promise((done) => setTimeout(done, 1));
    }
  })();
  for (let n = Number(start); ; n++) {
    await store.addOutcomes('flights', [{ predictionId: 'r' + n + '/0', name: 'late', value: n, time: 1 }]);
    process.stdout.write(n + '\\n');
  }
`;
const INDEX = new URL('index.ts', import.meta.url).href;
const ROWS = 20_000;

/** The last number acknowledged before the process was killed `afterMs` after its first. */
function addUntilKilled(home: string, start: number, afterMs: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--input-type=module', '-e', CHILD, INDEX, home, String(start)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let out = '';
    child.stdout.setEncoding('utf8');
    child.stdout.on('data', (text: string) => {
      if (out === '') setTimeout(() => child.kill('SIGKILL'), afterMs);
      out += text;
    });
    child.on('close', (_code, signal) => {
      if (signal === 'SIGKILL') resolve(Number(out.split('\n').at(-2)));
      else reject(new Error(`the child ended by itself: ${out.slice(-200)}`));
    });
  });
}

it('keeps every acknowledged outcome and every prediction when killed while it writes and merges', {
  timeout: 60_000,
}, async () => {
  const home = mkdtempSync(join(tmpdir(), 'mw-kill-'));
  try {
    for (let part = 0; part < 40; part++) {
      const rows = Array.from({ length: ROWS / 40 }, (_, i) => ({
        requestId: `r${part * (ROWS / 40) + i}`,
        row: 0,
        time: part * 1000 + i,
        score: 0.5,
      }));
      writePredictionFile(home, 'flights', rows);
    }
    let next = 0;
    let merged = false;
    for (const afterMs of [15, 60, 120, 240, 400, 700]) {
      const last = await addUntilKilled(home, next, afterMs);
      const store = createDuckDbAnalytics({ home });
      expect((await store.span('flights'))?.predictions).toBe(ROWS);
      const rows = await store.labelled({ endpoint: 'flights', outcome: 'late', from: 0, to: 1e9, knownBy: 1e9 });
      const kept = rows.map((row) => row.outcome).sort((a, b) => a - b);
      // The one after the last acknowledged may have been on its way; none before it may lack or come twice.
      expect([last + 1, last + 2]).toContain(kept.length);
      expect(kept).toEqual(Array.from({ length: kept.length }, (_, i) => i));
      merged ||= readdirSync(join(home, 'outcomes', 'flights')).some((name) => name.startsWith('compact-'));
      next = kept.length;
      await store.close();
    }
    expect(merged).toBe(true);
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
});
