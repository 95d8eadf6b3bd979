import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { commands } from '../../api/commands.ts';
import type { Endpoint } from '../../api/types.ts';
import { Figure } from '../../charts/figure.tsx';
import { LineChart } from '../../charts/line-chart.tsx';
import { useText } from '../../i18n/use-text.tsx';
import { Section } from '../../parts/section.tsx';
import { Failed } from '../../parts/states.tsx';
import { rowAnswers } from './answers.ts';
import type { Field, Row } from './playground-fields.ts';
import { roleOf } from './roles.ts';

const POINTS = 30;

interface Drawn {
  readonly name: string;
  readonly version: number;
  readonly at: number | undefined;
  readonly points: readonly { readonly x: number; readonly y: number | null }[];
}

const rounded = (value: number, integer: boolean): number =>
  integer ? Math.round(value) : Number(value.toPrecision(6));

/** Where to begin: the range that is known, else the value of the row and its surroundings. */
function spanOf(field: Field, value: Row[string] | undefined): readonly [number, number] {
  const middle = typeof value === 'number' ? value : 0;
  if (field.range !== undefined && field.range.high > field.range.low) {
    const { low, high } = field.range;
    return typeof value === 'number' ? [Math.min(low, value), Math.max(high, value)] : [low, high];
  }
  const reach = Math.abs(middle) / 2 || 1;
  return [middle - reach, middle + reach];
}

/** What if one number were another: 30 copies of the row in one call. */
export function PlaygroundSweep({
  endpoint,
  fields,
  touched,
  row,
  sound,
}: {
  readonly endpoint: Endpoint;
  readonly fields: readonly Field[];
  /** The input that was changed last: what one wants to know more of. */
  readonly touched: string | undefined;
  readonly row: Row;
  /** Every field of the row can be sent. */
  readonly sound: boolean;
}) {
  const { t, f } = useText();
  const numbers = fields.filter((field) => field.kind === 'number' || field.kind === 'integer');
  const [picked, setPicked] = useState<string>();
  const [ends, setEnds] = useState<{ readonly low?: string; readonly high?: string }>({});
  const field =
    numbers.find((one) => one.name === (picked ?? touched)) ??
    numbers.find((one) => one.range !== undefined) ??
    numbers[0];
  const span = field === undefined ? ([0, 1] as const) : spanOf(field, row[field.name]);
  const low = ends.low ?? String(rounded(span[0], field?.kind === 'integer'));
  const high = ends.high ?? String(rounded(span[1], field?.kind === 'integer'));
  const ready = sound && low.trim() !== '' && high.trim() !== '' && Number(low) < Number(high);
  const draw = useMutation({
    mutationFn: async (one: Field): Promise<Drawn> => {
      const [from, to] = [Number(low), Number(high)];
      const values = Array.from({ length: POINTS }, (_, i) =>
        rounded(from + ((to - from) * i) / (POINTS - 1), one.kind === 'integer'),
      );
      const distinct = [...new Set(values)];
      const answer = await commands.tryIt(
        endpoint.name,
        distinct.map((value) => ({ ...row, [one.name]: value })),
      );
      const answers = rowAnswers(answer, distinct.length);
      const now = row[one.name];
      return {
        name: one.name,
        version: answer.version,
        at: typeof now === 'number' ? now : undefined,
        points: distinct.map((x, i) => ({ x, y: answers[i]?.score ?? null })),
      };
    },
  });
  if (field === undefined)
    return (
      <Section title={t('play.sweep')}>
        <p className="mut">{t('play.sweep.none')}</p>
      </Section>
    );
  const drawn = draw.data;
  const scores = drawn?.points.flatMap((point) => (point.y === null ? [] : [point.y])) ?? [];
  return (
    <Section title={t('play.sweep')} sub={t('play.sweep.sub')}>
      <form
        className="psweep"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          if (ready) draw.mutate(field);
        }}
      >
        <label>
          <span>{t('play.sweep.field')}</span>
          <select
            className="inp"
            value={field.name}
            onChange={(event) => {
              setPicked(event.target.value);
              setEnds({});
            }}
          >
            {numbers.map((one) => (
              <option key={one.name}>{one.name}</option>
            ))}
          </select>
        </label>
        <label>
          <span>{t('play.sweep.from')}</span>
          <input
            className="inp"
            type="number"
            step="any"
            value={low}
            onChange={(event) => setEnds((was) => ({ ...was, low: event.target.value }))}
          />
        </label>
        <label>
          <span>{t('play.sweep.to')}</span>
          <input
            className="inp"
            type="number"
            step="any"
            value={high}
            onChange={(event) => setEnds((was) => ({ ...was, high: event.target.value }))}
          />
        </label>
        <button type="submit" className="btn" disabled={!ready || draw.isPending}>
          {t('play.sweep.run')}
        </button>
      </form>
      {draw.isError ? <Failed error={draw.error} what={t('play.sweep')} /> : null}
      {drawn === undefined ? null : (
        <Figure
          caption={t('play.sweep.caption', { name: drawn.name, v: `v${drawn.version}` })}
          firstWidth={460}
          table={{
            head: [drawn.name, t('play.score')],
            rows: drawn.points.map((point) => [f.num(point.x), point.y === null ? '' : f.num(point.y, 4)]),
          }}
        >
          {(width) => (
            <LineChart
              width={width}
              height={168}
              xKind="number"
              label={t('play.sweep.label', {
                name: drawn.name,
                from: f.num(drawn.points[0]?.x ?? 0),
                to: f.num(drawn.points.at(-1)?.x ?? 0),
                low: f.num(Math.min(...scores), 3),
                high: f.num(Math.max(...scores), 3),
              })}
              series={[
                {
                  name: t('play.score'),
                  color: `var(--${roleOf(endpoint, drawn.version)})`,
                  points: drawn.points,
                },
              ]}
              events={
                drawn.at === undefined ? [] : [{ at: drawn.at, text: t('play.sweep.now', { value: f.num(drawn.at) }) }]
              }
              format={(value, decimals) => f.num(value, decimals)}
            />
          )}
        </Figure>
      )}
    </Section>
  );
}
