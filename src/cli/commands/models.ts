import { MillwrightError } from '../../domain/errors.ts';
import { unwrap } from '../client/client.ts';
import { estimate, safe, time } from '../output.ts';
import type { Flags, Session } from '../session.ts';
import { proveVersion, setGates, showVersion } from './model-version.ts';

async function all({ api, out }: Session): Promise<void> {
  const client = await api();
  const found = await unwrap(client.GET('/api/v1/models'));
  out.result(found, () => {
    if (found.models.length === 0) return ['No model yet: mw run, or register one from an MLflow script.'];
    const aliases = (of: Record<string, number>): string =>
      Object.entries(of)
        .map(([alias, version]) => `${alias}=v${version}`)
        .join(' ');
    return out.table(
      ['model', 'versions', 'aliases', 'latest', 'verdict'],
      found.models.map((model) => [
        safe(model.name),
        model.versions,
        safe(aliases(model.aliases)),
        model.latest === undefined ? '' : `v${model.latest.number}`,
        model.latest?.verdict ?? '',
      ]),
    );
  });
}

async function versions({ api, out }: Session, name: string): Promise<void> {
  const client = await api();
  const found = await unwrap(client.GET('/api/v1/models/{name}', { params: { path: { name } } }));
  out.result(found, () =>
    out.table(
      ['version', 'verdict', 'gates', 'calls', 'aliases', 'made', 'log loss', 'why'],
      found.versions.map((version) => [
        `v${version.number}`,
        version.verdict,
        `${version.gatesPassed}/${version.gatesTotal}`,
        `${version.percent}%`,
        version.aliases.join(' '),
        time(version.createdAt),
        estimate(version.metrics['log_loss']),
        safe(version.reason ?? ''),
      ]),
    ),
  );
}

function versionOf(text: string): { readonly name: string; readonly version: number } {
  const [, name = '', digits = ''] = /^(.+)\/v?(\d{1,9})$/.exec(text) ?? [];
  if (name !== '') return { name, version: Number(digits) };
  throw new MillwrightError('MW-USAGE', `"${text}" is not a model and version`, { next: 'mw models flights/3' });
}

export async function run(session: Session, args: readonly string[], flags: Flags): Promise<void> {
  const [first = '', second] = args;
  if (first === 'prove' && second !== undefined) {
    const { name, version } = versionOf(second);
    return proveVersion(session, name, version, flags);
  }
  if (first === '') return all(session);
  if (Array.isArray(flags['gate']) || flags['gates'] === false) return setGates(session, first, flags);
  if (!first.includes('/')) return versions(session, first);
  const { name, version } = versionOf(first);
  return showVersion(session, name, version, flags);
}
