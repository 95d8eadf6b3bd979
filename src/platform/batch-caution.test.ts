import { expect, it } from 'vitest';
import { Caution } from './batch-caution.ts';

const calls = (count: number, deadline: number) => Array.from({ length: count }, () => ({ deadline, queuedAt: 0 }));

it('settles where one call in a hundred is late, whatever the forecast is worth', () => {
  const caution = new Caution();
  // Things last twice as long as forecast: calls are late while the factor is below 2.
  let late = 0;
  for (let index = 0; index < 20_000; index += 1) {
    const isLate = caution.factor < 2;
    if (index >= 10_000 && isLate) late += 1;
    caution.ended(calls(1, 100), isLate ? 101 : 99, 10);
  }
  expect(caution.factor).toBeGreaterThan(1.9);
  expect(caution.factor).toBeLessThan(2.1);
  expect(late).toBeGreaterThan(50);
  expect(late).toBeLessThan(150);
});

it('forgets when all are in time, ignores calls that never had the time, and stays in its bounds', () => {
  const caution = new Caution();
  caution.ended(calls(50, 5), 11, 10);
  expect(caution.factor).toBe(1);
  for (let index = 0; index < 500; index += 1) caution.late();
  expect(caution.factor).toBe(3);
  caution.ended(calls(10_000, 100), 50, 10);
  expect(caution.factor).toBe(1);
});
