/** The gateway's own log: JSON lines on standard error (plane.log), with a cap, because nobody may be there to rotate it. */
import { writeSync } from 'node:fs';
import { createLogger } from '../platform/logger.ts';
import type { Logger } from '../platform/logger.ts';

const LIMIT_BYTES = 8 * 1024 * 1024;

export function createCappedLog(): Logger {
  let written = 0;
  const destination = {
    write(line: string): void {
      if (written > LIMIT_BYTES) return;
      written += Buffer.byteLength(line);
      const text =
        written > LIMIT_BYTES
          ? `${line}{"level":"warn","message":"log limit reached; the rest is not written"}\n`
          : line;
      try {
        writeSync(2, text);
      } catch {
        // A full disk must not stop the answers.
      }
    },
  };
  return createLogger({ level: 'info', destination });
}
