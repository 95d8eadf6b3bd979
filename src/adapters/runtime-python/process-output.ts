/** What a model prints, into the log: whole lines, so long, so many a minute. The rest is counted, and always read: a full pipe would stop the model. */
import type { Readable } from 'node:stream';

const LINE_LIMIT = 2000;
const LINES_A_MINUTE = 200;

export interface OutputLog {
  follow(stream: Readable): void;
}

/** One for all processes of a model: twenty replicas get no more room than one. */
export function createOutputLog(write: (line: string) => void): OutputLog {
  let used = 0;
  let dropped = 0;
  let since = performance.now();

  function take(line: string): void {
    const now = performance.now();
    if (now - since > 60_000) {
      if (dropped > 0) write(`${dropped} lines of the model were not written`);
      [used, dropped, since] = [0, 0, now];
    }
    used += 1;
    if (used <= LINES_A_MINUTE) write(line);
    else dropped += 1;
  }

  return {
    follow(stream) {
      let rest = '';
      stream.setEncoding('utf8');
      stream.on('data', (text: string) => {
        // Beyond the limit nothing is cut into lines: it is only read.
        if (used > LINES_A_MINUTE && performance.now() - since <= 60_000) {
          dropped += 1;
          rest = '';
          return;
        }
        const lines = (rest + text).split('\n');
        rest = (lines.pop() ?? '').slice(0, LINE_LIMIT);
        for (const line of lines) if (line.trim() !== '') take(line.slice(0, LINE_LIMIT));
      });
      stream.on('end', () => {
        if (rest.trim() !== '') take(rest);
      });
      // A process that was killed may break its pipe.
      stream.on('error', () => undefined);
    },
  };
}
