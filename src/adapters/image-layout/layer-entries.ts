/** From a layer's sources to the files of its archive. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { MillwrightError } from '../../domain/errors.ts';
import type { ArtifactStore } from '../../ports/artifact-store.ts';
import type { FileSet, LayerSource } from '../../ports/image-layout.ts';
import { installedPackages, programFiles } from './program-files.ts';
import { sharedLibraries } from './shared-libraries.ts';
import { folder, type TarEntry } from './tar.ts';

/** The user that the image runs as: the number that images without a shell commonly give to "nonroot". */
export const USER = 65_532;

const CA_BUNDLES = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/ssl/cert.pem',
];
const sha256 = (data: string | Uint8Array): string => createHash('sha256').update(data).digest('hex');

function text(path: string, content: string | Uint8Array): TarEntry {
  const data = Buffer.from(content);
  const open = async function* (): AsyncIterable<Uint8Array> {
    yield data;
  };
  return { path, type: 'file', mode: 0o644, owner: 0, size: data.length, open, mark: sha256(data) };
}

/** A file of this machine. Its mode is one of two, whatever umask it was made under. */
async function file(path: string, from: string): Promise<TarEntry> {
  const seen = await stat(from, { bigint: true });
  const mode = (Number(seen.mode) & 0o111) === 0 ? 0o644 : 0o755;
  const mark = `${seen.dev}:${seen.ino}:${seen.size}:${seen.mtimeNs}`;
  return { path, type: 'file', mode, owner: 0, size: Number(seen.size), open: () => createReadStream(from), mark };
}

async function skeleton(): Promise<readonly TarEntry[]> {
  const bundle = await Promise.any(CA_BUNDLES.map((path) => readFile(path))).catch(() => undefined);
  return [
    text(
      'etc/passwd',
      `root:x:0:0:root:/root:/sbin/nologin\nmillwright:x:${USER}:${USER}:millwright:/home/millwright:/sbin/nologin\n`,
    ),
    text('etc/group', `root:x:0:\nmillwright:x:${USER}:\n`),
    text('etc/os-release', 'NAME="Millwright minimal base"\nID=millwright\nPRETTY_NAME="Millwright minimal base"\n'),
    text('etc/nsswitch.conf', 'passwd: files\ngroup: files\nhosts: files dns\n'),
    folder('tmp', 0o1777),
    ...(bundle === undefined ? [] : [text('etc/ssl/certs/ca-certificates.crt', bundle)]),
  ];
}

const isNative = (path: string): boolean => /\.(?:node|so(?:\.\d+)*)$/.test(path);

const filesOf = ({ root, own, packages }: FileSet): Promise<readonly string[]> => programFiles(root, own, packages);

async function libraries(
  source: Extract<LayerSource, { kind: 'libraries' }>,
  node: string,
): Promise<readonly TarEntry[]> {
  const native = (await filesOf(source.files)).filter(isNative).map((path) => join(source.files.root, path));
  const paths = await sharedLibraries([node, ...native]);
  const entries = await Promise.all(paths.map(async (path) => ({ ...(await file(path.slice(1), path)), mode: 0o755 })));
  const list = await Promise.all(paths.map(async (path) => ({ path, sha256: sha256(await readFile(path)) })));
  return [...entries, text(source.list, `${JSON.stringify(list, undefined, 2)}\n`)];
}

export interface EntryContext {
  readonly artifacts: ArtifactStore;
  readonly node: string;
}

async function entriesOf(source: LayerSource, { artifacts, node }: EntryContext): Promise<readonly TarEntry[]> {
  switch (source.kind) {
    case 'skeleton':
      return skeleton();
    case 'folder':
      return [folder(source.path, 0o755, source.owner === 'user' ? USER : 0)];
    case 'text':
      return [text(source.path, source.text)];
    case 'artifact': {
      const blob = await artifacts.stat(source.digest);
      if (blob === undefined)
        throw new MillwrightError('MW-NOT-FOUND', `the artifact ${source.digest} of "${source.path}" is missing`, {
          where: source.digest,
        });
      const { digest } = source;
      return [
        {
          path: source.path,
          type: 'file',
          mode: 0o644,
          owner: 0,
          size: blob.bytes,
          open: () => artifacts.get(digest),
          mark: digest,
        },
      ];
    }
    case 'tree': {
      const { root } = source.files;
      const paths = await filesOf(source.files);
      const entries = await Promise.all(paths.map((path) => file(`${source.path}/${path}`, join(root, path))));
      const packages = await installedPackages(root, paths);
      if (packages.length === 0) return entries;
      return [...entries, text(`${source.path}/packages.json`, `${JSON.stringify(packages, undefined, 2)}\n`)];
    }
    case 'node':
      return [{ ...(await file(source.path, node)), mode: 0o755 }];
    case 'libraries':
      return libraries(source, node);
  }
}

export async function layerEntries(
  sources: readonly LayerSource[],
  context: EntryContext,
): Promise<readonly TarEntry[]> {
  const entries: TarEntry[] = [];
  for (const source of sources) entries.push(...(await entriesOf(source, context)));
  return entries;
}
