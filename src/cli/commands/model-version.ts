/** One version: its story, its card, a proof of its environment, and the gates of an alias. */
import { setTimeout as pause } from 'node:timers/promises';
import { MillwrightError } from '../../domain/errors.ts';
import { type Schemas, unwrap } from '../client/client.ts';
import { gateLines } from '../gates-table.ts';
import { bytes, duration, estimate, number, safe, time } from '../output.ts';
import type { Flags, Session } from '../session.ts';

type Detail = Schemas['ModelVersionDetail'];
type Proof = Schemas['EnvironmentProof'];

function proofLine(proof: Proof): string {
  if (proof.status === 'running') return `being proven since ${time(proof.createdAt)}`;
  const what = safe((proof.status === 'proven' ? proof.how : proof.reason) ?? '');
  const built = proof.buildMs === undefined ? '' : `built anew in ${duration(proof.buildMs)}; `;
  const differs = proof.maxAbsDiff === undefined ? '' : `, ${proof.maxAbsDiff.toExponential(1)} apart at most`;
  return `${proof.status} ${time(proof.endedAt ?? proof.createdAt)}: ${built}${what}${differs}`;
}

function story({ out }: Session, name: string, version: number, found: Detail): readonly string[] {
  const { paint } = out;
  const metrics = Object.entries(found.version.metrics).map(([key, value]) => [
    safe(key),
    estimate(value),
    estimate(found.championMetrics[key]),
  ]);
  const champion = found.championVersion === undefined ? 'champion' : `v${found.championVersion}`;
  const data = found.datasets.map((set) => `${set.name} ${set.digest.slice(7, 19)} (${number(set.rows)} rows)`);
  const drifted = found.drift.filter((one) => one.score > one.limit);
  const aliases = found.version.aliases.join(', ') || 'none';
  const why = found.version.reason === undefined ? '' : `: ${safe(found.version.reason)}`;
  return [
    `${paint.bold(`${safe(name)} v${version}`)}  ${found.version.verdict}${why}`,
    ...(found.gates.length === 0 ? [] : ['', ...gateLines(out, found.gates)]),
    ...found.aliasResults.flatMap((result) => [
      '',
      `${safe(result.alias)}: ${result.passed ? paint.green('passed') : paint.red('refused')} ${paint.dim(`${time(result.at)}, ${safe(result.actor)}`)}`,
      ...gateLines(out, result.gates),
    ]),
    ...(metrics.length === 0 ? [] : ['', ...out.table(['metric', `v${version}`, champion], metrics)]),
    '',
    `aliases      ${safe(aliases)}; stage ${found.stage}`,
    `data         ${safe(data.join(', ')) || 'unknown'}`,
    `code         ${found.code?.commit ?? found.code?.digest.slice(7, 19) ?? 'unknown'}`,
    `run          ${found.runId ?? 'unknown'}`,
    `environment  ${found.environment === undefined ? 'unknown' : `${found.environment.id}, Python ${found.environment.python}, ${found.environment.packages.length} packages, ${found.environment.os}`}`,
    `proof        ${found.proofs[0] === undefined ? `none (mw models prove ${name}/${version})` : proofLine(found.proofs[0])}`,
    `params       ${safe(
      Object.entries(found.params)
        .map(([key, value]) => `${key}=${value}`)
        .join(' '),
    )}`,
    `parity       ${found.parity === undefined ? 'unknown' : `${found.parity.maxAbsDiff.toExponential(1)} at most over ${number(found.parity.rows)} rows`}`,
    `image        ${found.image === undefined ? 'not built' : `${found.image.digest.slice(0, 19)}… ${bytes(found.image.bytes)}`}`,
    `releases     ${found.releases.map((one) => `${safe(one.id)} ${one.percent}%`).join(', ') || 'none'}`,
    `drift        ${
      found.drift.length === 0
        ? 'not measured while it served'
        : drifted.length === 0
          ? `none of ${found.drift.length} columns`
          : drifted.map((one) => `${safe(one.column)} ${number(one.score)} (limit ${number(one.limit)})`).join(', ')
    }`,
    '',
    paint.dim(`next: mw lineage ${name}/${version}`),
  ];
}

export async function showVersion(session: Session, name: string, version: number, flags: Flags): Promise<void> {
  const client = await session.api();
  const found = await unwrap(
    client.GET('/api/v1/models/{name}/versions/{version}', { params: { path: { name, version } } }),
  );
  if (flags['card'] === true) {
    session.out.result({ model: name, version, card: found.card, written: found.cardWritten }, () => [
      safe(found.card.trimEnd()),
    ]);
    return;
  }
  session.out.result(found, () => story(session, name, version, found));
}

/** Starts a proof and waits for its end. Throws MW-ENV-BUILD with the reason when it failed. */
export async function proveVersion(session: Session, name: string, version: number, flags: Flags): Promise<void> {
  const { api, out } = session;
  const client = await api();
  const path = { name, version };
  let { proof } = await unwrap(client.POST('/api/v1/models/{name}/versions/{version}/proofs', { params: { path } }));
  if (flags['wait'] !== false) {
    out.note(`building the environment of ${name} v${version} anew from its lock; this may take minutes`);
    while (proof.status === 'running') {
      await pause(500);
      const found = await unwrap(client.GET('/api/v1/models/{name}/versions/{version}', { params: { path } }));
      proof = found.proofs.find((one) => one.id === proof.id) ?? proof;
    }
  }
  if (proof.status === 'failed') {
    if (!out.json && proof.log !== undefined) for (const line of proof.log.split('\n').slice(-15)) out.note(safe(line));
    throw new MillwrightError('MW-ENV-BUILD', proof.reason ?? 'the proof failed', {
      where: proof.id,
      next: `mw models ${name}/${version}`,
    });
  }
  out.result({ proof }, () => [`${safe(name)} v${version}: ${proofLine(proof)}`]);
}

/** `--gate` declares, `--no-gates` takes away. */
export async function setGates(session: Session, name: string, flags: Flags): Promise<void> {
  const given = flags['gate'];
  const gates = Array.isArray(given) ? given.map(String) : [];
  const alias = typeof flags['alias'] === 'string' ? flags['alias'] : 'champion';
  const client = await session.api();
  await unwrap(client.PUT('/api/v1/models/{name}/alias-gates', { params: { path: { name } }, body: { alias, gates } }));
  session.out.result({ model: name, alias, gates }, () => [
    gates.length === 0
      ? `${safe(alias)} of ${safe(name)} has no gates: it moves to any version.`
      : `${safe(alias)} of ${safe(name)} moves only where ${gates.map((gate) => `"${safe(gate)}"`).join(' and ')} ${gates.length === 1 ? 'holds' : 'hold'}.`,
    session.out.paint.dim(`next: mw promote ${name}/1 --alias ${alias}`),
  ]);
}
