import { unwrap } from '../client/client.ts';
import { bytes, estimate, number, safe, time } from '../output.ts';
import type { Session } from '../session.ts';

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

async function one({ api, out }: Session, name: string, version: number): Promise<void> {
  const client = await api();
  const found = await unwrap(
    client.GET('/api/v1/models/{name}/versions/{version}', { params: { path: { name, version } } }),
  );
  out.result(found, () => {
    const { paint } = out;
    const metrics = Object.entries(found.version.metrics).map(([key, value]) => [
      safe(key),
      estimate(value),
      estimate(found.championMetrics[key]),
    ]);
    return [
      `${paint.bold(`${safe(name)} v${version}`)}  ${found.version.verdict}: ${safe(found.version.reason ?? '')}`,
      '',
      ...found.gates.map(
        (gate) =>
          `  ${gate.passed === true ? paint.green('✓') : paint.red('✗')} ${safe(gate.text)}  ${gate.observed === undefined ? '' : number(gate.observed)} ${paint.dim(`${safe(gate.required)}  ${gate.where}`)}`,
      ),
      '',
      ...out.table(
        ['metric', `v${version}`, found.championVersion === undefined ? 'champion' : `v${found.championVersion}`],
        metrics,
      ),
      '',
      `data         ${found.datasets.map((set) => `${set.name} ${set.digest.slice(7, 19)} (${number(set.rows)} rows)`).join(', ') || 'unknown'}`,
      `code         ${found.code?.commit ?? found.code?.digest.slice(7, 19) ?? 'unknown'}`,
      `environment  ${found.environment === undefined ? 'unknown' : `${found.environment.id}, Python ${found.environment.python}, ${found.environment.packages.length} packages, ${found.environment.os}`}`,
      `params       ${Object.entries(found.params)
        .map(([key, value]) => `${key}=${value}`)
        .join(' ')}`,
      `parity       ${found.parity === undefined ? 'unknown' : `${found.parity.maxAbsDiff.toExponential(1)} at most over ${number(found.parity.rows)} rows`}`,
      `image        ${found.image === undefined ? 'not built' : `${found.image.digest.slice(0, 19)}… ${bytes(found.image.bytes)}`}`,
    ];
  });
}

export async function run(session: Session, args: readonly string[]): Promise<void> {
  const [name, version] = (args[0] ?? '').split('/');
  if (name === undefined || name === '') return all(session);
  return version === undefined ? versions(session, name) : one(session, name, Number(version));
}
