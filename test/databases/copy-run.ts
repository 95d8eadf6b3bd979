/** A copy in a process of its own, so that a test can kill it: `node copy-run.ts <from> <to>`; prints a line for each page. */
import { writeSync } from 'node:fs';
import { copyMetadata } from '../../src/adapters/metadata-sql/index.ts';

const [, , from = '', to = ''] = process.argv;
await copyMetadata(from, to, ({ phase, table, rows }) => void writeSync(1, `${phase} ${table} ${rows}\n`));
writeSync(1, 'done\n');
