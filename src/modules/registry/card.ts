/** A model card in Markdown from what is known. Nothing is guessed: what is not known is said to be unknown. Pure. */
import type { DatasetVersion } from '../../domain/datasets.ts';
import type { Release } from '../../domain/deployments.ts';
import type { Environment } from '../../domain/environments.ts';
import type { EnvironmentProof, Estimate, GateResult, ModelVersion } from '../../domain/registry.ts';

export interface CardFacts {
  readonly version: ModelVersion;
  readonly aliases: readonly string[];
  readonly description?: string | undefined;
  /** Of its run and its LoggedModel where the version has none of its own. */
  readonly metrics: Readonly<Record<string, Estimate>>;
  readonly params: Readonly<Record<string, string | number | boolean>>;
  readonly datasets: readonly DatasetVersion[];
  /** What an MLflow client logged as input of the run. */
  readonly logged: readonly { readonly name: string; readonly digest: string }[];
  readonly environment?: Environment | undefined;
  readonly releases: readonly Release[];
  readonly proof?: EnvironmentProof | undefined;
}

const MOST = 200;
const day = (at: number): string => new Date(at).toISOString().slice(0, 16).replace('T', ' ');
const number = (value: number): string =>
  Number.isInteger(value) ? value.toLocaleString('en-US') : String(Number(value.toPrecision(5)));
/** Names and values come from users: a bar or a line end would break the table. */
const cell = (text: string): string =>
  text
    .replaceAll(/[\r\n]+/g, ' ')
    .replaceAll(/[\\`*_{}[\]<>|#]/g, (sign) => `\\${sign}`)
    .slice(0, 300);

function table(head: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const more = rows.length > MOST ? ['', `… and ${rows.length - MOST} more.`] : [];
  return [line(head), line(head.map(() => '---')), ...rows.slice(0, MOST).map(line), ...more];
}

function interval({ low, high }: Estimate): string {
  return low === undefined || high === undefined ? 'unknown' : `${number(low)} to ${number(high)}`;
}

const answer = (gate: GateResult): string =>
  gate.passed === undefined ? 'unknown' : gate.passed ? 'passed' : 'failed';

export function writeCard(facts: CardFacts): string {
  const { version, aliases, metrics, params, environment, proof } = facts;
  const { lineage } = version;
  const section = (title: string, lines: readonly string[]): readonly string[] =>
    lines.length === 0 ? [] : ['', `## ${title}`, '', ...lines];
  const gates = [...version.gates, ...Object.values(version.aliasResults ?? {}).flatMap((result) => result.gates)];
  const data = [
    ...facts.datasets.map((one) => `- ${cell(one.name)}: ${number(one.rows)} rows, \`${one.digest}\``),
    ...facts.logged.map((one) => `- ${cell(one.name)}: digest ${cell(one.digest)}, logged by an MLflow client`),
  ];
  const code = lineage?.commit ?? lineage?.codeDigest;
  return [
    `# ${cell(version.model)}, version ${version.number}`,
    '',
    ...(facts.description === undefined || facts.description === '' ? [] : [cell(facts.description), '']),
    `Registered ${day(version.createdAt)} UTC. Verdict: ${version.verdict}${version.description === undefined ? '' : ` (${cell(version.description)})`}.`,
    `Aliases: ${aliases.length === 0 ? 'none' : aliases.map(cell).join(', ')}. Stage: ${version.stage}.`,
    ...section('Data', data.length === 0 ? ['Unknown.'] : data),
    ...section('Code and parameters', [
      code === undefined ? 'Code: unknown.' : `Code: \`${code}\`.`,
      ...(version.runId === undefined ? [] : [`Run: \`${version.runId}\`.`]),
      ...(Object.keys(params).length === 0
        ? []
        : [
            '',
            ...table(
              ['param', 'value'],
              Object.entries(params).map(([key, value]) => [cell(key), cell(String(value))]),
            ),
          ]),
    ]),
    ...section(
      'Metrics',
      Object.keys(metrics).length === 0
        ? ['None were logged.']
        : table(
            ['metric', 'value', '95 % interval', 'rows'],
            Object.entries(metrics).map(([key, value]) => [
              cell(key),
              Number.isFinite(value.value) ? number(value.value) : String(value.value),
              interval(value),
              value.n === undefined ? 'unknown' : number(value.n),
            ]),
          ),
    ),
    ...section(
      'Gates',
      gates.length === 0
        ? []
        : table(
            ['gate', 'result', 'observed', 'required'],
            gates.map((gate) => [
              cell(gate.text),
              answer(gate),
              gate.observed === undefined ? (gate.passed === true ? 'not asked' : 'unknown') : number(gate.observed),
              cell(gate.required),
            ]),
          ),
    ),
    ...section('Environment', [
      environment === undefined
        ? 'Unknown.'
        : `Python ${environment.python}, ${environment.packages.length} packages, ${cell(environment.host.os)}. \`${environment.id}\``,
      proof === undefined
        ? 'Its lock was not proven.'
        : proof.status === 'proven'
          ? `Built anew from its lock on ${day(proof.endedAt ?? proof.createdAt)} UTC: ${cell(proof.how ?? 'proven')}.`
          : `The last proof: ${proof.status}${proof.reason === undefined ? '' : ` (${cell(proof.reason)})`}.`,
    ]),
    ...section(
      'Releases',
      facts.releases.map(
        (release) => `- ${cell(release.id)} on ${cell(release.endpoint)}, ${day(release.createdAt)} UTC`,
      ),
    ),
    '',
  ].join('\n');
}
