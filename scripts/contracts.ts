/** Writes the generated contracts; with `--check` fails when one of them differs from what is checked in. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { openapi } from '../src/api/http/openapi.ts';
import { clientTypes } from './client.ts';
import { commandsPage, configPage, errorsPage, projectSchemaText } from './docs.ts';

const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
const document = openapi(version);
const types = clientTypes(document as unknown as Parameters<typeof clientTypes>[0]);

const generated: Record<string, string> = {
  'docs/contracts/openapi.json': `${JSON.stringify(document, null, 2)}\n`,
  'docs/contracts/millwright.schema.json': projectSchemaText(),
  'docs/contracts/cli.md': commandsPage(version),
  'docs/contracts/config.md': configPage(version),
  'docs/contracts/errors.md': errorsPage(),
  'ui/src/api/schema.d.ts': types,
  'src/cli/client/schema.d.ts': types,
};

const current = (path: string): string | undefined => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
};

const check = process.argv.includes('--check');
const stale = Object.entries(generated).filter(([path, text]) => current(path) !== text);
for (const [path, text] of check ? [] : stale) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}
if (check && stale.length > 0) {
  console.error(`generated contracts differ: ${stale.map(([path]) => path).join(', ')}. Run: npm run contracts`);
  process.exit(1);
}
console.log(`contracts: ${Object.keys(generated).length} files, ${stale.length} ${check ? 'stale' : 'written'}`);
