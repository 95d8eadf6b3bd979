/** The part of the AnalyticsStore's contract that compares releases: shadows, A/B tests, scores. */
import { expect, it } from 'vitest';
import type { AnalyticsUnderTest, LoggedPrediction } from './analytics-under-test.ts';

const DAY = 86_400_000;

/** Cases inside the suite of `analyticsContract`. */
export function releaseWindowCases(now: () => AnalyticsUnderTest): void {
  const call = (i: number, more: Partial<LoggedPrediction>): LoggedPrediction => ({
    requestId: `r${String(i).padStart(6, '0')}`,
    row: 0,
    time: i,
    receivedAt: 1_000_000 + i,
    releaseId: 'flights-r1',
    score: 0.5,
    inputs: { temp: i },
    ...more,
  });
  const live = (count: number): LoggedPrediction[] =>
    Array.from({ length: count }, (_, i) => call(i, { role: 'live', score: i / count }));
  const shadow = (count: number, of: number, by: number): LoggedPrediction[] =>
    Array.from({ length: count }, (_, i) =>
      call(i, { role: 'shadow', releaseId: 'flights-r2', version: 2, score: i / of + (i % 2) * by, latencyMs: 3 }),
    );

  it('counts, samples and shows only what callers were given, also when a shadow answered the same rows', async () => {
    const under = now();
    const { store } = under;
    await under.log('flights', [call(500, { score: 0.1 })]);
    await under.log('flights', live(100));
    await under.log('flights', shadow(100, 100, 0.25));
    await store.addOutcomes('flights', [{ predictionId: 'r000001/0', name: 'late', value: 1, time: 7 }]);
    expect(await store.count('flights', 0, DAY)).toBe(101);
    expect(await store.count('flights', 10, 20)).toBe(10);
    expect((await store.span('flights'))?.predictions).toBe(101);
    expect((await store.columns('flights', 0, DAY, 1000))[0]).toMatchObject({ rows: 101 });
    expect(await store.recent('flights', 500)).toHaveLength(101);
    expect(await store.prediction('flights', 'r000001/0')).toMatchObject({ score: 0.01, version: 1, outcome: 1 });
    const labelled = { endpoint: 'flights', outcome: 'late', from: 0, to: DAY, knownBy: DAY };
    expect(await store.labelled(labelled)).toEqual([{ time: 1, version: 1, score: 0.01, outcome: 1 }]);
  });

  it('compares a shadow with the live answers row by row and finds the rows that differ most', async () => {
    const under = now();
    const { store } = under;
    const query = { endpoint: 'flights', releaseId: 'flights-r2', since: 1_000_000, top: 3 };
    expect(await store.shadow(query)).toMatchObject({ rows: 0, top: [] });
    await under.log('flights', live(100));
    await under.log('flights', [
      ...shadow(50, 100, 0.25),
      call(60, { role: 'shadow', releaseId: 'flights-r2', score: null }),
      call(61, { role: 'shadow', releaseId: 'other', score: 0.9 }),
      call(62, { role: 'shadow', releaseId: 'flights-r2', score: -5 }),
    ]);
    const found = await store.shadow(query);
    expect(found).toMatchObject({ rows: 51, differing: 26, latency: { p50: 3, p99: 3 } });
    expect(found.maxAbsDiff).toBeCloseTo(5.62, 9);
    expect(found.meanAbsDiff).toBeCloseTo((25 * 0.25 + 5.62) / 51, 9);
    expect(found.liveScores).toHaveLength(51);
    expect(found.shadowScores[0]).toBe(-5);
    expect(found.top).toHaveLength(3);
    expect(found.top[0]).toEqual({
      id: 'r000062/0',
      time: 62,
      receivedAt: 1_000_062,
      live: 0.62,
      shadow: -5,
      inputs: { temp: 62 },
    });
    expect(await store.shadow({ ...query, since: 1_000_062, top: 0 })).toMatchObject({ rows: 1, top: [] });
    expect(await store.shadow({ ...query, since: 2_000_000 })).toMatchObject({ rows: 0 });
  });

  it('gives the scores of releases received since then, sorted, as the same sample each time', async () => {
    const under = now();
    const { store } = under;
    await under.log('flights', live(100));
    await under.log('flights', shadow(40, 40, 0));
    const window = { endpoint: 'flights', releases: ['flights-r1', 'flights-r2', 'none'], since: 1_000_010 };
    const all = await store.releaseScores(window, 1000);
    expect([...all.keys()].sort()).toEqual(['flights-r1', 'flights-r2']);
    expect(all.get('flights-r1')).toHaveLength(90);
    expect(all.get('flights-r1')?.[0]).toBe(0.1);
    expect(all.get('flights-r2')).toHaveLength(30);
    const some = await store.releaseScores(window, 7);
    expect(some.get('flights-r1')).toHaveLength(7);
    expect(some).toEqual(await store.releaseScores(window, 7));
    expect(await store.releaseScores({ ...window, releases: [] }, 7)).toEqual(new Map());
  });

  it('joins outcomes by release in the order they came in, so that a later look extends an earlier one', async () => {
    const under = now();
    const { store } = under;
    const arm = (i: number): Partial<LoggedPrediction> => ({
      role: 'live',
      experiment: i < 30 ? 'flights-o1' : 'flights-o2',
      releaseId: i % 2 === 0 ? 'flights-r1' : 'flights-r2',
      score: i === 4 ? null : i / 100,
    });
    await under.log(
      'flights',
      Array.from({ length: 60 }, (_, i) => call(i, arm(i))),
    );
    const outcome = (i: number, value: number) => ({
      predictionId: `r${String(i).padStart(6, '0')}/0`,
      name: 'late',
      value,
      time: 5,
    });
    const query = {
      endpoint: 'flights',
      releases: ['flights-r1', 'flights-r2'],
      since: 0,
      outcome: 'late',
      experiment: 'flights-o1',
      limit: 1000,
    };
    expect(await store.releaseOutcomes(query)).toEqual(new Map());
    await store.addOutcomes('flights', [outcome(8, 1), outcome(40, 1), outcome(9, 0)]);
    await store.addOutcomes('flights', [outcome(4, 0), outcome(2, 1), { ...outcome(6, 1), name: 'other' }]);
    const found = await store.releaseOutcomes(query);
    expect(found.get('flights-r1')).toEqual({
      scores: Float64Array.of(0.08, 0.02, Number.NaN),
      outcomes: Float64Array.of(1, 1, 0),
    });
    expect(found.get('flights-r2')).toEqual({ scores: Float64Array.of(0.09), outcomes: Float64Array.of(0) });
    const { experiment: _all, ...any } = query;
    expect((await store.releaseOutcomes(any)).get('flights-r1')?.outcomes).toHaveLength(4);
    expect((await store.releaseOutcomes({ ...query, limit: 2 })).get('flights-r1')?.outcomes).toHaveLength(1);
    expect(await store.releaseOutcomes({ ...query, outcome: "x' OR true --" })).toEqual(new Map());
  });
}
