/** What a running server wrote about itself. Apart from the server, so that a command reads it without loading one. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ServerRecord } from './server.ts';

/** Undefined when no server of that home runs. */
export async function serverOf(home: string): Promise<ServerRecord | undefined> {
  try {
    const record = JSON.parse(await readFile(join(home, 'server.json'), 'utf8')) as ServerRecord;
    process.kill(record.pid, 0);
    return record;
  } catch {
    return undefined;
  }
}
