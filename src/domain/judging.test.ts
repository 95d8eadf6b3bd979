import { describe, expect, it } from 'vitest';
import { parseCondition } from './conditions.ts';
import { judge } from './judging.ts';

const gate = (text: string) => ({ text, where: 'millwright.yaml:1', condition: parseCondition(text) });
const candidate = { metrics: { accuracy: { value: 0.9 } } };
const against = (text: string, champion: Parameters<typeof judge>[0]['champion']) =>
  judge({ gates: [gate(text)], candidate, champion, extra: {}, subject: 'run-1' });

describe('gates against the champion', () => {
  it('pass while there is none', () => {
    const judgement = against('accuracy >= champion.accuracy', undefined);
    expect(judgement.verdict).toBe('accepted');
    expect(judgement.gates[0]?.required).toBe('no champion yet');
  });

  it('refuse when there is one that was not measured: unknown is not "none"', () => {
    for (const text of ['accuracy >= champion.accuracy', 'gain.accuracy > 0']) {
      const judgement = against(text, { metrics: {} });
      expect(judgement.verdict).toBe('refused');
      expect(judgement.gates[0]?.passed).not.toBe(true);
    }
  });

  it('compare with its metric on the same data', () => {
    expect(against('accuracy >= champion.accuracy', { metrics: { accuracy: { value: 0.89 } } }).verdict).toBe(
      'accepted',
    );
    expect(against('accuracy >= champion.accuracy', { metrics: { accuracy: { value: 0.91 } } }).verdict).toBe(
      'refused',
    );
  });
});

describe('a gate without a value', () => {
  it('refuses and names the line of the file', () => {
    const judgement = against('auc > 0.5', undefined);
    expect(judgement.verdict).toBe('refused');
    expect(judgement.reason).toContain('millwright.yaml:1');
  });
});
