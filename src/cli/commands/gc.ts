import { MillwrightError } from '../../domain/errors.ts';
import { unwrap } from '../client/client.ts';
import { bytes, duration, safe, time } from '../output.ts';
import { type Flags, type Session, textFlag } from '../session.ts';

const HOURS = { h: 1 / 24, d: 1, w: 7 } as const;
const RESTORABLE = ['run', 'experiment', 'logged-model'] as const;
/** Things of one kind that are listed by name. */
const LISTED = 20;

/** Days of `30d`, `12h`, `2w` or a plain number of days. */
function daysOf(text: string): number {
  const [, number, unit = 'd'] = /^(\d+(?:\.\d+)?)([hdw])?$/.exec(text) ?? [];
  if (number === undefined) {
    throw new MillwrightError('MW-USAGE', `"${safe(text)}" is no age`, {
      where: '--older-than',
      next: 'mw gc --older-than 30d',
    });
  }
  return Number(number) * HOURS[unit as keyof typeof HOURS];
}

async function trash({ api, out }: Session): Promise<void> {
  const found = await unwrap((await api()).GET('/api/v1/trash', { params: { query: { limit: 1000 } } }));
  out.result(found, () => {
    if (found.items.length === 0) return ['The trash is empty.'];
    const rows = found.items.map((one) => [
      `${one.kind}/${one.id}`,
      safe(one.label),
      one.at === undefined ? '' : time(one.at),
      one.bytes === 0 ? '' : bytes(one.bytes),
    ]);
    return [
      ...out.table(['what', 'name', 'deleted', 'artifacts'], rows),
      out.paint.dim(
        `${found.items.length} of ${found.total}. Bring one back: mw gc --restore ${found.items[0]?.kind ?? 'run'}/…`,
      ),
    ];
  });
}

async function restore({ api, out }: Session, what: string): Promise<void> {
  const slash = what.indexOf('/');
  const kind = RESTORABLE.find((one) => one === what.slice(0, slash));
  const id = what.slice(slash + 1);
  if (kind === undefined || id === '') {
    throw new MillwrightError('MW-USAGE', `"${safe(what)}" is not in the trash by such a name`, {
      where: '--restore',
      next: `use ${RESTORABLE.join(', ')} and its id, as mw gc --trash prints them: mw gc --restore run/3f2a…`,
    });
  }
  const done = await unwrap((await api()).POST('/api/v1/trash/restore', { body: { kind, id } }));
  out.result(done, () => [`The ${kind} ${safe(id)} is back.`]);
}

async function collect({ api, out }: Session, apply: boolean, olderThanDays: number): Promise<void> {
  const found = await unwrap((await api()).POST('/api/v1/gc', { body: { apply, olderThanDays } }));
  out.result(found, () => {
    const { paint } = out;
    const lines: string[] = [];
    if (found.totals.length === 0) lines.push(apply ? 'Nothing was there to collect.' : 'Nothing to collect.');
    else {
      lines.push(
        ...out.table(
          ['what', apply ? 'went' : 'goes', apply ? 'freed' : 'frees'],
          found.totals.map((one) => [one.kind, one.items, one.bytes === 0 ? '' : bytes(one.bytes)]),
        ),
      );
      const named = found.goes.filter((one) => one.kind !== 'blob').slice(0, LISTED);
      if (!apply && named.length > 0) {
        lines.push(
          '',
          ...named.map(
            (one) =>
              `  ${one.kind} ${safe(one.label)}${one.at === undefined ? '' : paint.dim(`  deleted ${time(one.at)}`)}`,
          ),
        );
      }
    }
    if (found.kept.length > 0) {
      lines.push('', paint.bold('Deleted, and kept because something reaches it:'));
      for (const one of found.kept.slice(0, LISTED)) {
        const id = one.kind === 'run' ? one.id.slice(0, 8) : one.id;
        lines.push(
          `  ${one.kind} ${safe(id)}${one.label === one.id ? '' : ` (${safe(one.label)})`}: ${safe(one.because)}`,
        );
      }
      if (found.kept.length > LISTED) lines.push(paint.dim(`  and ${found.kept.length - LISTED} more: mw gc --json`));
    }
    const took = paint.dim(`(${duration(found.ms)})`);
    lines.push(
      '',
      apply
        ? `${bytes(found.freedBytes)} freed ${took}`
        : `${bytes(found.freedBytes)} would be freed ${took}. Nothing was deleted. ${found.totals.length === 0 ? '' : 'Delete it: mw gc --apply'}`.trimEnd(),
    );
    return lines;
  });
}

export async function run(session: Session, _args: readonly string[], flags: Flags): Promise<void> {
  const wanted = textFlag(flags, 'restore');
  if (wanted !== undefined) return restore(session, wanted);
  if (flags['trash'] === true) return trash(session);
  return collect(session, flags['apply'] === true, daysOf(textFlag(flags, 'olderThan') ?? '30d'));
}
