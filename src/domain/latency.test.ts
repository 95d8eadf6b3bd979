import { expect, test } from 'vitest';
import { latencyQuantile } from './latency.ts';

const bounds = [1, 2, 4, 8];

test('is linear within the bucket that holds the quantile', () => {
  expect(latencyQuantile([{ bounds, counts: [0, 10, 0, 0, 0] }], 0.5)).toBeCloseTo(1.5);
  expect(latencyQuantile([{ bounds, counts: [5, 0, 5, 0, 0] }], 0.5)).toBeCloseTo(1);
  expect(latencyQuantile([{ bounds, counts: [5, 0, 5, 0, 0] }], 0.9)).toBeCloseTo(3.6);
  expect(latencyQuantile([{ bounds, counts: [4, 0, 0, 0, 0] }], 1)).toBe(1);
});

test('adds up the histograms of several releases, also of one that has not been called', () => {
  const one = { bounds, counts: [3, 0, 0, 0, 0] };
  const other = { bounds, counts: [0, 0, 1, 0, 0] };
  expect(latencyQuantile([one, other], 0.75)).toBeCloseTo(1);
  expect(latencyQuantile([one, other], 1)).toBe(4);
  expect(latencyQuantile([{ bounds: [], counts: [] }, other], 0.5)).toBeCloseTo(3);
});

test('says nothing without calls, and never more than the last bound', () => {
  expect(latencyQuantile([], 0.5)).toBeUndefined();
  expect(latencyQuantile([{ bounds, counts: [0, 0, 0, 0, 0] }], 0.5)).toBeUndefined();
  expect(latencyQuantile([{ bounds, counts: [0, 0, 0, 0, 2] }], 0.99)).toBe(8);
});
