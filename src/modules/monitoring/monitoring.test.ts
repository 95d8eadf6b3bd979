import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseCondition } from '../../domain/conditions.ts';
import type { EventType } from '../../domain/events.ts';
import { createRandom } from '../../domain/statistics/random.ts';
import type { OutcomeInput } from './index.ts';
import {
  calibration,
  ctx,
  DAY,
  driftMonitor,
  normal,
  projectOf,
  START,
  startWorld,
  towns,
  type World,
} from '../../../test/fixtures/monitoring-world.ts';

let world: World;
beforeEach(async () => {
  world = await startWorld();
});
afterEach(async () => {
  await world.end();
});

async function types(...wanted: EventType[]): Promise<EventType[]> {
  return (await world.store.events.find({ types: wanted, order: 'oldest', limit: 1000 })).map((event) => event.type);
}

/** The training reference, made as the server makes it: from a file of rows. */
async function trainingReference(): Promise<void> {
  const random = createRandom(77);
  const lines = Array.from({ length: 4000 }, () => `${normal(random)},${towns(random)}`);
  const path = join(world.home, 'sample.csv');
  writeFileSync(path, `temp,town\n${lines.join('\n')}\n`);
  world.use((await world.analytics.summarize([path])).profile);
}

describe('outcomes', () => {
  const good: OutcomeInput = { predictionId: 'r/0', name: 'late', value: true, time: 5 };
  it('are durable when accepted, and time is now when absent', async () => {
    const { time: _time, ...untimed } = good;
    expect(await world.monitoring.addOutcomes(ctx, 'flights', [good, untimed])).toEqual({ accepted: 2 });
    expect(await world.monitoring.addOutcomes(ctx, 'flights', [])).toEqual({ accepted: 0 });
  });
  it('are refused whole, with the place, when one is wrong', async () => {
    const bad: [unknown, string][] = [
      [{ ...good, value: Number.NaN }, 'outcomes[1].value'],
      [{ ...good, value: '1' }, 'outcomes[1].value'],
      [{ ...good, name: 'a b' }, 'outcomes[1].name'],
      [{ ...good, predictionId: 'r' }, 'outcomes[1].predictionId'],
      [{ ...good, predictionId: 7 }, 'outcomes[1].predictionId'],
      [{ ...good, time: 1.7e18 }, 'outcomes[1].time'],
    ];
    for (const [one, where] of bad) {
      await expect(world.monitoring.addOutcomes(ctx, 'flights', [good, one as OutcomeInput])).rejects.toMatchObject({
        code: 'MW-INVALID',
        where,
      });
    }
    const many = Array.from({ length: 100_001 }, () => good);
    await expect(world.monitoring.addOutcomes(ctx, 'flights', many)).rejects.toMatchObject({ code: 'MW-INVALID' });
    await expect(world.monitoring.addOutcomes(ctx, 'nobody', [good])).rejects.toMatchObject({ code: 'MW-NOT-FOUND' });
    await world.day(0, { rows: 10 });
    expect(
      await world.analytics.labelled({ endpoint: 'flights', outcome: 'late', from: 0, to: 1e15, knownBy: 1e15 }),
    ).toHaveLength(10);
  });
});

describe('performance', () => {
  it('evaluates each boundary once, in order, on the clock of the data', async () => {
    const spec = projectOf({ calibration });
    expect(await world.monitoring.tick(spec)).toEqual([]);
    for (let d = 0; d <= 20; d++) await world.day(d, { rows: 50 });
    const made = await world.monitoring.tick(spec);
    expect(made.map((one) => (one.to - START) / DAY)).toEqual([7, 14]);
    expect(await world.monitoring.tick(spec)).toEqual([]);
    await world.day(21, { rows: 50 });
    // Two ticks at once are one: a slow evaluation must not be done twice.
    const [a, b] = await Promise.all([world.monitoring.tick(spec), world.monitoring.tick(spec)]);
    expect(a).toBe(b);
    const listed = await world.monitoring.evaluations('flights/calibration');
    expect(listed.map((one) => (one.to - START) / DAY)).toEqual([21, 14, 7]);
    expect(listed[0]).toEqual(a[0]);
    expect(await world.monitoring.evaluation(a[0]?.id ?? '')).toEqual(a[0]);
  });

  it('reads outcomes known at the boundary only, with intervals, by version', async () => {
    for (let d = 0; d <= 14; d++) await world.day(d, { rows: 100 });
    const [, second] = await world.monitoring.tick(projectOf({ calibration }));
    // Day 13 became known 12 hours after the boundary.
    expect([second?.predictions, second?.outcomes]).toEqual([1400, 1300]);
    for (const name of ['value', 'observed_expected', 'log_loss', 'brier', 'auc', 'accuracy', 'outcome_rate']) {
      const estimate = second?.values[name];
      expect(estimate?.n).toBe(1300);
      expect(estimate?.low).toBeLessThan(estimate?.value ?? 0);
      expect(estimate?.high).toBeGreaterThan(estimate?.value ?? 0);
    }
    expect(second?.values['value']).toEqual(second?.values['observed_expected']);
    expect(second?.values['coverage']?.value).toBeCloseTo(13 / 14, 10);
    expect(Object.keys(second?.byVersion ?? {})).toEqual(['1', '2']);
    expect(second?.byVersion['1']?.['brier']?.n).toBe(700);
    expect(second?.breached).toBe(false);
  });

  it('says nothing on few outcomes', async () => {
    for (let d = 0; d <= 14; d++) await world.day(d, { rows: 1, factor: 0 });
    const made = await world.monitoring.tick(projectOf({ calibration }));
    expect(made.map((one) => one.breached)).toEqual([undefined, undefined]);
    expect(await world.monitoring.alerts('flights')).toEqual([]);
  });

  it('a real change is one incident: fired, continued, resolved; a later one is new', async () => {
    const spec = projectOf({ calibration });
    await trainingReference();
    const factor = (d: number): number => (d >= 21 && d < 35 ? 1.6 : d >= 63 && d < 77 ? 0.4 : 1);
    const warm = (d: number) => (random: () => number) => normal(random) + (d >= 21 && d < 35 ? 3 : 0);
    for (let d = 0; d <= 91; d++) {
      await world.day(d, { rows: 150, factor: factor(d), temp: warm(d) });
      if (d % 7 === 0) await world.monitoring.tick(spec);
    }
    const alerts = [...(await world.monitoring.alerts('flights'))].sort((x, y) => x.number - y.number);
    expect(alerts.map((alert) => [alert.id, alert.status])).toEqual([
      ['flights-a1', 'resolved'],
      ['flights-a2', 'resolved'],
    ]);
    const [first] = alerts;
    expect(first?.evaluations).toBeGreaterThan(1);
    expect(((first?.since ?? 0) - START) / DAY).toBe(28);
    expect(first?.text).toMatch(
      /^Observed\/expected 1\.\d\d \[1\.\d\d, 1\.\d\d\] outside 0\.8\.\.1\.25 over 14 days, n [\d,]+; since 2013-03-26; most moved: temp\.$/,
    );
    expect(first?.moved.map((column) => column.column)).toEqual(['temp']);
    expect(first?.condition).toBe('value outside 0.8..1.25');
    const seen = await types('alert.fired', 'alert.continued', 'alert.resolved');
    expect(seen.filter((type) => type === 'alert.fired')).toHaveLength(2);
    expect(seen.filter((type) => type === 'alert.resolved')).toHaveLength(2);
    expect(seen.filter((type) => type === 'alert.continued')).toHaveLength(
      alerts.reduce((sum, alert) => sum + alert.evaluations - 1, 0),
    );
    expect(seen[0]).toBe('alert.fired');
    expect(seen.at(-1)).toBe('alert.resolved');
    expect(await types('monitor.evaluated')).toHaveLength(13);
    const linked = await world.monitoring.linkRun('flights-a1', 'flights-3');
    expect(linked.pipelineRunId).toBe('flights-3');
    expect(await world.monitoring.alerts('flights', 'firing')).toEqual([]);
    await expect(world.monitoring.alert('flights-a9')).rejects.toMatchObject({ code: 'MW-NOT-FOUND' });
  });

  it('waits for as many breaches in a row as the file asks for', async () => {
    const spec = projectOf({ calibration: { ...calibration, windowMs: 7 * DAY, consecutive: 3 } });
    for (let d = 0; d <= 42; d++) {
      await world.day(d, { rows: 100, factor: d < 14 || d >= 21 ? 1.7 : 1 });
      if (d % 7 === 0) await world.monitoring.tick(spec);
    }
    const [alert, ...others] = await world.monitoring.alerts('flights');
    expect(others).toEqual([]);
    expect([alert?.evaluations, ((alert?.since ?? 0) - START) / DAY]).toEqual([3, 28]);
    const [state] = await world.monitoring.monitors(spec);
    expect([state?.id, state?.alert?.id, ((state?.latest?.to ?? 0) - START) / DAY]).toEqual([
      'flights/calibration',
      'flights-a1',
      42,
    ]);
  });
});

describe('drift', () => {
  const spec = projectOf({ drift: driftMonitor });

  it('names the columns that moved, with effect, p, missing and unseen, and raises one alert', async () => {
    await trainingReference();
    for (let d = 0; d <= 28; d++) {
      const late = d >= 7;
      await world.day(d, {
        rows: 150,
        temp: (random) => (late && random() < 0.3 ? null : normal(random) + (late ? 1.5 : 0)),
        town: (random) => (late && random() < 0.4 ? 'NEW' : towns(random)),
      });
    }
    const made = await world.monitoring.tick(spec);
    expect(made.map((one) => one.breached)).toEqual([false, true, true, true]);
    const [temp, town] = made[1]?.columns ?? [];
    expect([temp?.column, temp?.drifted, town?.column, town?.drifted]).toEqual(['temp', true, 'town', true]);
    expect(temp?.effect).toBeGreaterThan(0.4);
    expect(temp?.shift).toBeGreaterThan(1.2);
    expect(temp?.reasons?.[0]).toMatch(/^missing 0\.0% → (?:2|3)\d\.\d%$/);
    expect(town?.unseen).toBeGreaterThan(0.3);
    expect(town?.pAdjusted).toBeLessThan(1e-20);
    expect(temp?.histogram?.labels.length).toBeLessThanOrEqual(20);
    for (const side of ['reference', 'current'] as const) {
      expect(temp?.histogram?.[side].reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 10);
      expect(town?.histogram?.[side].reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 10);
    }
    expect(made[1]?.values['drifted_columns']?.value).toBe(2);
    const alerts = await world.monitoring.alerts('flights');
    expect(alerts).toHaveLength(1);
    expect(alerts[0]?.evaluations).toBe(3);
    expect(alerts[0]?.text).toBe('Drifted columns 2 > 0 over 7 days; since 2013-03-12; most moved: temp, town.');
  });

  it('a column with its own limit, and a monitor without a condition, stay quiet', async () => {
    await trainingReference();
    const profile = (await world.analytics.summarize([join(world.home, 'sample.csv')])).profile;
    world.use(profile.map((column) => ({ ...column, driftLimit: 0.9 })));
    for (let d = 0; d <= 7; d++) await world.day(d, { rows: 100, temp: (random) => normal(random) + 1 });
    const [limited] = await world.monitoring.tick(spec);
    expect(limited?.breached).toBe(false);
    expect(limited?.columns[0]?.effect).toBeGreaterThan(0.3);
    const { alertIf: _alertIf, ...silent } = driftMonitor;
    world.use(profile);
    const [shown] = await world.monitoring.tick(projectOf({ silent }));
    expect([shown?.values['drifted_columns']?.value, shown?.breached]).toEqual([1, false]);
    expect(await world.monitoring.alerts()).toEqual([]);
  });

  it('without a reference there is nothing to compare and no verdict', async () => {
    for (let d = 0; d <= 7; d++) await world.day(d, { rows: 100 });
    const [made] = await world.monitoring.tick(spec);
    expect([made?.columns, made?.breached]).toEqual([[], undefined]);
  });

  it('raises no alert in 200 quiet evaluations of each kind', { timeout: 120_000 }, async () => {
    await trainingReference();
    const every = DAY;
    const both = projectOf({
      drift: { ...driftMonitor, windowMs: DAY, everyMs: every, alertIf: parseCondition('drifted_columns > 0') },
      calibration: { ...calibration, windowMs: 14 * DAY, everyMs: every },
    });
    // 100 rows a day: so few that a bare distance above 0.1 alarms in most evaluations.
    for (let d = 0; d <= 200; d++) await world.day(d, { rows: 100 }, 3);
    const made = [];
    for (;;) {
      const some = await world.monitoring.tick(both);
      if (some.length === 0) break;
      made.push(...some);
    }
    expect(made).toHaveLength(400);
    const alarms = made.filter((one) => one.breached === true);
    expect(alarms.map((one) => one.id)).toEqual([]);
    expect(await world.monitoring.alerts()).toEqual([]);
    const noisy = made.filter((one) => one.columns.some((column) => column.effect > 0.1));
    expect(noisy.length).toBeGreaterThan(20);
  });
});
