/** What stands in a requirements file or a lock, as far as Millwright must understand it; the installer reads the rest. */
import type { LockedPackage } from '../../domain/environments.ts';
import { MillwrightError } from '../../domain/errors.ts';

/** PEP 503: one spelling for a name. */
export const normalName = (name: string): string => name.toLowerCase().replace(/[-_.]+/g, '-');

/**
 * Only the text of the file is captured, so what points beside it could not be built again from the record.
 * Throws MW-ENV-BUILD naming the line.
 */
export function refuseLocal(name: string, text: string): void {
  for (const [i, raw] of text.split('\n').entries()) {
    const line = raw.trim();
    const local =
      /^(?:-[rce]\b|--(?:requirement|constraint|editable)\b|\.{0,2}\/|\.$|file:)/.test(line) || /@\s*file:/.test(line);
    if (!local) continue;
    throw new MillwrightError(
      'MW-ENV-BUILD',
      `"${line}" points at a file outside ${name}, which the recorded environment could not hold`,
      {
        where: `${name}:${i + 1}`,
        next: `write the requirements themselves into ${name}; the project's own modules need no installation, steps run beside them`,
      },
    );
  }
}

/** `name==version` lines with `--hash=` continuations, as uv and Millwright write them. */
export function parseLock(text: string): readonly LockedPackage[] {
  const packages: LockedPackage[] = [];
  for (const line of text.replaceAll('\\\n', ' ').split('\n')) {
    const found = /^([A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^\]]*\])?\s*(?:==\s*([^\s;]+)|@\s*(\S+))/.exec(line.trim());
    if (found?.[1] === undefined) continue;
    const hashes = [...line.matchAll(/--hash=(sha256:[0-9a-f]{64})/g)].map((hash) => hash[1] ?? '');
    packages.push({ name: normalName(found[1]), version: found[2] ?? found[3] ?? '', hashes });
  }
  return packages;
}

export function writeLock(packages: readonly LockedPackage[]): string {
  const lines = packages
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, version, hashes }) =>
      [`${name}==${version}`, ...hashes.toSorted().map((hash) => `    --hash=${hash}`)].join(' \\\n'),
    );
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`;
}

/** The installers' own sentences about the requirement that they could not satisfy. */
const BLAME = [
  /No matching distribution found for ([^\s(]+)/,
  /Could not find a version that satisfies the requirement ([^\s(]+)/,
  /Failed building wheel for (\S+)/,
  /Failed to build `([^`]+)`/,
  /Failed to (?:download|build|fetch)[: ]+`?([A-Za-z0-9][^\s`]*)/,
  /Invalid requirement: ['"]?([^\s'"]+)/,
  /Couldn't parse requirement in `[^`]*` at position (\d+)/,
  /Because (?:there is no version of )?([A-Za-z0-9][A-Za-z0-9._-]*(?:==\S+)?) (?:was not found|and you require|has no)/,
  /Because there is no version of ([^\s,]+)/,
  /Because you require \S+ and ([A-Za-z0-9][A-Za-z0-9._-]*[=<>~!]\S*), we can conclude/,
];

/** Which requirement an installer's output blames, and its line in the file when it stands there. */
export function blamed(
  name: string,
  text: string,
  output: readonly string[],
): { readonly requirement?: string; readonly where: string } {
  const all = output.join('\n');
  const requirement = BLAME.map((pattern) => pattern.exec(all)?.[1]).find((found) => found !== undefined);
  if (requirement === undefined) return { where: name };
  const bare = normalName(/^[A-Za-z0-9._-]*[A-Za-z0-9]/.exec(requirement)?.[0] ?? '');
  const at = text.split('\n').findIndex((line) => {
    const own = /^[A-Za-z0-9._-]*[A-Za-z0-9]/.exec(line.trim())?.[0];
    return own !== undefined && normalName(own) === bare;
  });
  return { requirement, where: at < 0 ? name : `${name}:${at + 1}` };
}
