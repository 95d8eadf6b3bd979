/**
 * Tar archives that are equal wherever they are made: sorted by UTF-8 bytes, one time stamp, numeric owners, two modes.
 * POSIX.1-2001 (ustar), with pax records only where ustar has no room: https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html
 */
import { MillwrightError } from '../../domain/errors.ts';

/** 1980-01-01T00:00:00Z: tools of the age of zip cannot show an earlier time. */
const MTIME = 315_532_800;
const BLOCK = 512;
const MAX_USTAR_SIZE = 8 * 1024 ** 3 - 1;

export interface TarEntry {
  /** Relative to `/`, no slash at either end. */
  readonly path: string;
  readonly type: 'file' | 'folder';
  readonly mode: number;
  readonly owner: number;
  readonly size: number;
  readonly open: () => AsyncIterable<Uint8Array> | Promise<AsyncIterable<Uint8Array>>;
  /** Says that the content is what it was, without reading it. */
  readonly mark: string;
}

const nothing = async function* (): AsyncIterable<Uint8Array> {};

export function folder(path: string, mode = 0o755, owner = 0): TarEntry {
  return { path, type: 'folder', mode, owner, size: 0, open: nothing, mark: '' };
}

/** Sorted, each path once, every parent folder before its content. Throws MW-PATH for a name that climbs or comes twice. */
export function arrange(entries: readonly TarEntry[]): readonly TarEntry[] {
  const all = new Map<string, TarEntry>();
  for (const entry of entries) {
    const names = entry.path.split('/');
    const bad = names.some((name) => name === '' || name === '.' || name === '..' || name.startsWith('.wh.'));
    const twice = all.get(entry.path);
    if (bad || (twice !== undefined && !(twice.type === 'folder' && entry.type === 'folder'))) {
      throw new MillwrightError('MW-PATH', `"${entry.path}" cannot stand in a layer${bad ? '' : ' twice'}`, {
        where: entry.path,
      });
    }
    all.set(entry.path, entry);
  }
  for (const path of all.keys()) {
    for (let at = path.indexOf('/'); at >= 0; at = path.indexOf('/', at + 1)) {
      const parent = path.slice(0, at);
      if (!all.has(parent)) all.set(parent, folder(parent));
    }
  }
  return [...all.values()].sort((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)));
}

const octal = (value: number, width: number): string => `${value.toString(8).padStart(width - 1, '0')}\0`;

function header(
  name: Buffer,
  prefix: Buffer,
  entry: { mode: number; owner: number; size: number },
  flag: string,
): Buffer {
  const block = Buffer.alloc(BLOCK);
  name.copy(block, 0);
  block.write(octal(entry.mode, 8), 100, 'latin1');
  block.write(octal(entry.owner, 8), 108, 'latin1');
  block.write(octal(entry.owner, 8), 116, 'latin1');
  block.write(octal(entry.size > MAX_USTAR_SIZE ? 0 : entry.size, 12), 124, 'latin1');
  block.write(octal(MTIME, 12), 136, 'latin1');
  block.write(' '.repeat(8), 148, 'latin1');
  block.write(flag, 156, 'latin1');
  block.write('ustar\u000000', 257, 'latin1');
  block.write(octal(0, 8), 329, 'latin1');
  block.write(octal(0, 8), 337, 'latin1');
  prefix.copy(block, 345);
  let sum = 0;
  for (const byte of block) sum += byte;
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return block;
}

/** `<length> <key>=<value>\n`, where the length counts itself. */
function paxRecord(key: string, value: string): string {
  const rest = Buffer.byteLength(` ${key}=${value}\n`);
  let length = rest + String(rest).length;
  if (rest + String(length).length !== length) length = rest + String(length).length;
  return `${length} ${key}=${value}\n`;
}

/** ustar's two fields for a name, or undefined when it does not fit. */
function split(name: Buffer): readonly [name: Buffer, prefix: Buffer] | undefined {
  if (name.length <= 100) return [name, Buffer.alloc(0)];
  for (let at = name.length - 2; at > 0; at -= 1) {
    if (name[at] === 0x2f && at <= 155 && name.length - at - 1 <= 100)
      return [name.subarray(at + 1), name.subarray(0, at)];
  }
  return undefined;
}

const padding = (size: number): Buffer => Buffer.alloc((BLOCK - (size % BLOCK)) % BLOCK);

function headers(entry: TarEntry): Buffer {
  const isFolder = entry.type === 'folder';
  const text = isFolder ? `${entry.path}/` : entry.path;
  const name = Buffer.from(text);
  const fits = split(name);
  const ascii = /^[\x20-\x7e]*$/.test(text);
  const blocks: Buffer[] = [];
  if (fits === undefined || !ascii || entry.size > MAX_USTAR_SIZE) {
    const records = [
      ...(fits === undefined || !ascii ? [paxRecord('path', text)] : []),
      ...(entry.size > MAX_USTAR_SIZE ? [paxRecord('size', String(entry.size))] : []),
    ];
    const body = Buffer.from(records.join(''));
    blocks.push(
      header(Buffer.from('pax'), Buffer.alloc(0), { mode: 0o644, owner: 0, size: body.length }, 'x'),
      body,
      padding(body.length),
    );
  }
  const [short, prefix] = fits ?? [name.subarray(0, 100), Buffer.alloc(0)];
  blocks.push(header(short, prefix, entry, isFolder ? '5' : '0'));
  return Buffer.concat(blocks);
}

/** The archive of arranged entries. Throws MW-CONFLICT when a file is longer or shorter than its header said. */
export async function* tar(entries: readonly TarEntry[]): AsyncIterable<Uint8Array> {
  for (const entry of entries) {
    yield headers(entry);
    if (entry.type === 'folder') continue;
    let written = 0;
    for await (const chunk of await entry.open()) {
      written += chunk.length;
      yield chunk;
    }
    if (written !== entry.size) {
      throw new MillwrightError('MW-CONFLICT', `"${entry.path}" changed while it was packed`, {
        where: entry.path,
        next: 'package it again',
      });
    }
    if (entry.size % BLOCK !== 0) yield padding(entry.size);
  }
  yield Buffer.alloc(2 * BLOCK);
}

/** The same bytes in pieces of one size: a packer's output may depend on where its input was cut. */
export async function* pieces(source: AsyncIterable<Uint8Array>, size: number): AsyncIterable<Uint8Array> {
  let piece = Buffer.alloc(size);
  let used = 0;
  for await (const chunk of source) {
    for (let at = 0; at < chunk.length; ) {
      const take = Math.min(size - used, chunk.length - at);
      piece.set(chunk.subarray(at, at + take), used);
      used += take;
      at += take;
      if (used === size) {
        yield piece;
        piece = Buffer.alloc(size);
        used = 0;
      }
    }
  }
  if (used > 0) yield piece.subarray(0, used);
}
