import { expect, it } from 'vitest';
import type { ModelVersion } from '../../domain/registry.ts';
import { writeCard } from './index.ts';

const version: ModelVersion = {
  id: 'flights/3',
  createdAt: Date.UTC(2026, 0, 2, 3, 4),
  updatedAt: 0,
  model: 'flights',
  number: 3,
  status: 'READY',
  stage: 'None',
  source: '',
  tags: {},
  metrics: {},
  championMetrics: {},
  gates: [{ text: 'auc >= 0.7', passed: false, observed: 0.65, required: '>= 0.7', where: 'x' }],
  verdict: 'refused',
};
const bare = { version, aliases: [], metrics: {}, params: {}, datasets: [], logged: [], releases: [] };

it('says what is known with its interval, and that the rest is unknown', () => {
  const card = writeCard({
    ...bare,
    aliases: ['challenger'],
    metrics: { auc: { value: 0.65, low: 0.6, high: 0.7, n: 1200 }, loss: { value: Number.NaN } },
    logged: [{ name: 'wine', digest: 'abc' }],
    params: { lr: 0.1 },
  });
  expect(card).toContain('# flights, version 3');
  expect(card).toContain('Aliases: challenger.');
  expect(card).toContain('| auc | 0.65 | 0.6 to 0.7 | 1,200 |');
  expect(card).toContain('| loss | NaN | unknown | unknown |');
  expect(card).toContain('| auc \\>= 0.7 | failed | 0.65 | \\>= 0.7 |');
  expect(card).toContain('wine: digest abc');
  expect(card).toContain('Code: unknown.');
  expect(card).toContain('Its lock was not proven.');
});

it('lets no name break out of its line or become markup', () => {
  const evil = '<script>|x\n# Title [a](javascript:b) ![i](http://x)';
  const card = writeCard({
    ...bare,
    params: { [evil]: evil },
    description: evil,
    logged: [{ name: evil, digest: evil }],
  });
  expect(card).not.toMatch(/(?<!\\)(?:<script|\[a|\]\(|\|x)|^# Title/m);
  expect(card.split('\n').filter((line) => line.startsWith('# '))).toEqual(['# flights, version 3']);
});
