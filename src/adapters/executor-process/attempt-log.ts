/**
 * The log of an attempt, bounded on disk whatever the step prints. `log` keeps the head; after that the text goes to segments
 * `log.<offset>` of which the newest two stay. Offsets count the step's whole output, so a reader that follows the log needs
 * no state, and the gap between head and tail is how much was cut.
 */
import { closeSync, fsyncSync, openSync, readSync, readdirSync, rmSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';

const READ_BYTES = 256 * 1024;

export interface LogWriter {
  write(chunk: Uint8Array): void;
  close(): void;
}

/** Keeps at most `limitBytes`: half of it the head, the rest the tail. Never throws: a full disk must not stop the step. */
export function openLog(folder: string, limitBytes: number): LogWriter {
  const headBytes = Math.max(1, Math.floor(limitBytes / 2));
  const segmentBytes = Math.max(1, Math.floor(limitBytes / 4));
  let file = openSync(join(folder, 'log'), 'a', 0o600);
  let room = headBytes;
  let offset = 0;
  const segments: string[] = [];

  function nextSegment(): void {
    const path = join(folder, `log.${offset}`);
    closeSync(file);
    file = openSync(path, 'a', 0o600);
    segments.push(path);
    room = segmentBytes;
    if (segments.length > 2) rmSync(segments.shift() ?? '', { force: true });
  }

  return {
    write(chunk) {
      for (let at = 0; at < chunk.length; ) {
        try {
          if (room === 0) nextSegment();
          const written = writeSync(file, chunk, at, Math.min(room, chunk.length - at));
          at += written;
          offset += written;
          room -= written;
        } catch {
          // No space left: this piece is lost, the step goes on, and its output files will say what is wrong.
          return;
        }
      }
    },
    close() {
      try {
        fsyncSync(file);
      } catch {
        // As above: the exit record matters more than the last lines.
      }
      closeSync(file);
    },
  };
}

interface Piece {
  readonly path: string;
  readonly start: number;
  readonly end: number;
}

function pieces(folder: string): readonly Piece[] {
  let names: readonly string[];
  try {
    names = readdirSync(folder);
  } catch {
    return [];
  }
  const found: Piece[] = [];
  for (const name of names) {
    const match = /^log(?:\.(\d+))?$/.exec(name);
    if (match === null) continue;
    const start = Number(match[1] ?? 0);
    const path = join(folder, name);
    const size = statSync(path, { throwIfNoEntry: false })?.size;
    if (size !== undefined) found.push({ path, start, end: start + size });
  }
  return found.sort((a, b) => a.start - b.start);
}

function readPiece(piece: Piece, from: number, limit: number): Buffer {
  const buffer = Buffer.alloc(Math.min(limit, piece.end - from));
  let file: number;
  try {
    file = openSync(piece.path, 'r');
  } catch {
    // Rotated away since it was listed: the next read sees the gap.
    return Buffer.alloc(0);
  }
  try {
    return buffer.subarray(0, readSync(file, buffer, 0, buffer.length, from - piece.start));
  } finally {
    closeSync(file);
  }
}

/** Bytes at the end of `data` that begin a UTF-8 character without finishing it. */
function unfinished(data: Buffer): number {
  for (let back = 1; back <= Math.min(3, data.length); back += 1) {
    const byte = data[data.length - back] ?? 0;
    if (byte < 0x80) return 0;
    if (byte >= 0xc0) return back < (byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2) ? back : 0;
  }
  return 0;
}

/** At most 256 KiB from `offset` (negative: from the end), a note where output was cut, and the offset after them. */
export function readLog(folder: string, offset: number): { readonly text: string; readonly next: number } {
  const all = pieces(folder);
  const end = all.at(-1)?.end ?? 0;
  let at = offset < 0 ? Math.max(0, end + offset) : Math.min(offset, end);
  let note = '';
  const parts: Buffer[] = [];
  let room = READ_BYTES;
  for (const piece of all) {
    if (piece.end <= at || room === 0) continue;
    if (piece.start > at) {
      if (parts.length > 0) break;
      note = `\n[${(piece.start - at).toLocaleString('en')} bytes of output were cut here]\n`;
      at = piece.start;
    }
    const part = readPiece(piece, at, room);
    if (part.length === 0) break;
    parts.push(part);
    at += part.length;
    room -= part.length;
  }
  const data = Buffer.concat(parts);
  const rest = unfinished(data);
  // A lone broken character at the very end would otherwise be offered for ever.
  const held = rest === data.length ? 0 : rest;
  return { text: note + data.subarray(0, data.length - held).toString('utf8'), next: at - held };
}
