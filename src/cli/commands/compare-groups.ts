/** Runs that differ in nothing but the seed, together, and whether the best group is really better. */
import { type Schemas, unwrap } from '../client/client.ts';
import { type Cell, number, safe } from '../output.ts';
import { type Flags, type Session, textFlag } from '../session.ts';

type Groups = Schemas['RunGroups'];

const interval = (spread: Schemas['Spread'] | undefined): string | undefined =>
  spread === undefined
    ? undefined
    : spread.low === undefined || spread.high === undefined
      ? number(spread.mean)
      : `${number(spread.mean)} [${number(spread.low)}, ${number(spread.high)}]`;

/** Below 0.001 the digits say nothing more. */
const probability = (p: number): string => (p < 0.001 ? '< 0.001' : p.toFixed(3));

/** Only what differs between the groups names them. */
function nameOf(group: Groups['groups'][number], by: readonly string[]): string {
  const parts = by.map((key) => `${key.replace(/^params\./, '')}=${group.key[key] ?? '–'}`);
  return safe(parts.join(' ')) || 'all runs';
}

export async function compareGroups({ api, out }: Session, flags: Flags): Promise<void> {
  const client = await api();
  const text = (flag: string, name: string = flag): Record<string, string> => {
    const value = textFlag(flags, flag);
    return value === undefined ? {} : { [name]: value };
  };
  const metric = textFlag(flags, 'metric');
  const found = await unwrap(
    client.GET('/api/v1/run-groups', {
      params: {
        query: {
          ...text('by'),
          ...text('metric'),
          ...text('experiment'),
          ...text('filter'),
          ...(flags['lowerIsBetter'] === true ? { lowerIsBetter: 'true' as const } : {}),
        },
      },
    }),
  );
  out.result(found, () => {
    if (found.groups.length === 0) return ['No run matches: mw runs'];
    const shown = found.groups.slice(0, 50);
    const keys =
      metric === undefined ? [...new Set(shown.flatMap((group) => Object.keys(group.metrics)))].slice(0, 4) : [metric];
    const test = (index: number): readonly Cell[] => {
      const one = found.tests.find((each) => each.group === index);
      if (metric === undefined) return [];
      if (one === undefined) return found.tests.some((each) => each.against === index) ? ['best', ''] : ['', ''];
      return [`${number(one.difference)} [${number(one.low)}, ${number(one.high)}]`, probability(one.pAdjusted)];
    };
    const excluded = shown.reduce(
      (sum, group) => sum + keys.reduce((all, key) => all + (group.metrics[key]?.excluded ?? 0), 0),
      0,
    );
    return [
      ...out.table(
        ['group', 'runs', ...keys, ...(metric === undefined ? [] : ['against the best', 'adjusted p'])],
        shown.map((group, i) => [
          nameOf(group, found.by),
          group.runs.length,
          ...keys.map((key) => interval(group.metrics[key])),
          ...test(i),
        ]),
      ),
      out.paint.dim(
        [
          'mean with its 95 % interval',
          ...(metric === undefined ? ['add --metric to test the groups'] : ["Welch's t-test, Holm's correction"]),
          ...(excluded > 0 ? [`${excluded} values are no finite number and are left out`] : []),
          ...(found.truncated || found.groups.length > shown.length ? ['not all runs or groups are shown'] : []),
        ].join('; '),
      ),
    ];
  });
}
