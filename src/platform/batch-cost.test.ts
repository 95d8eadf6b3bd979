import { describe, expect, it } from 'vitest';
import { createBatchCost } from './batch-cost.ts';

describe('the cost of a batch', () => {
  it('is unknown at first: everything fits', () => {
    const cost = createBatchCost();
    expect([cost.predict(1000), cost.rowsWithin(1), cost.learned]).toEqual([0, Number.POSITIVE_INFINITY, 0]);
  });

  it('finds the line behind sizes of all kinds', () => {
    const cost = createBatchCost();
    for (let index = 0; index < 200; index += 1) {
      const rows = 1 + ((index * 37) % 500);
      cost.learn(rows, 0.2 + 0.01 * rows);
    }
    expect(cost.fixedMs).toBeCloseTo(0.2, 1);
    expect(cost.perRowMs).toBeCloseTo(0.01, 3);
    expect(cost.predict(1000)).toBeGreaterThan(9);
    expect(cost.predict(1000)).toBeLessThan(11.5);
    expect(cost.rowsWithin(2)).toBeGreaterThan(150);
    expect(cost.rowsWithin(2)).toBeLessThan(200);
    expect(cost.rowsWithin(0.1)).toBe(0);
  });

  it('is not moved by pauses of the machine', () => {
    const cost = createBatchCost();
    for (let index = 0; index < 300; index += 1) {
      const rows = [1, 8, 64][index % 3] ?? 1;
      // Every seventh batch met a collector or a neighbour: a hundred times as long.
      cost.learn(rows, (0.1 + 0.02 * rows) * (index % 7 === 0 ? 100 : 1));
    }
    expect(cost.predict(1)).toBeCloseTo(0.12, 2);
    expect(cost.predict(64)).toBeCloseTo(1.38, 1);
  });

  it('follows a model that became slower within ten batches of a size', () => {
    const cost = createBatchCost();
    for (let index = 0; index < 100; index += 1) cost.learn(1, 1);
    for (let index = 0; index < 16; index += 1) cost.learn(1, 10);
    expect(cost.predict(1)).toBeCloseTo(10, 3);
  });

  it('follows the sizes that are run now, whatever others were once like', () => {
    const cost = createBatchCost();
    // Made-up rows of a warm-up were quick; real ones are not.
    cost.learn(1, 0.008);
    cost.learn(16, 0.009);
    for (let index = 0; index < 20; index += 1) cost.learn(1, 35);
    expect(cost.predict(1)).toBeGreaterThan(30);
    expect(cost.predict(16)).toBeGreaterThanOrEqual(cost.predict(1));
    // And the other way round.
    for (let index = 0; index < 20; index += 1) cost.learn(16, 1);
    expect(cost.predict(16)).toBeLessThan(1.5);
    expect(cost.predict(1)).toBeLessThanOrEqual(cost.predict(16));
  });

  it('never predicts less for more rows, nor below zero, whatever it was told', () => {
    const cost = createBatchCost();
    for (let index = 0; index < 50; index += 1) cost.learn(1 + (index % 2) * 99, index % 2 === 0 ? 5 : 1);
    cost.learn(Number.NaN, 1);
    cost.learn(0, 1);
    cost.learn(1, Number.NaN);
    expect(cost.perRowMs).toBeGreaterThanOrEqual(0);
    expect(cost.fixedMs).toBeGreaterThanOrEqual(0);
    expect(cost.predict(10_000)).toBeGreaterThanOrEqual(cost.predict(1));
  });
});
