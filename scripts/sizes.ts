/** No file past its limit (code 400 lines, tests 800), none with a name that says nothing, no raw colour outside the tokens. */
import { globSync, readFileSync } from 'node:fs';

const VAGUE = /(?:^|\/)(?:shared|common|utils?|helpers?|misc|base|manager)(?:\/|\.tsx?$)/;
const files = globSync([
  '{src,test,scripts,bench}/**/*.ts',
  'ui/src/**/*.{ts,tsx}',
  '{examples,python}/**/*.py',
]).filter((file) => !file.includes('node_modules') && !file.endsWith('schema.d.ts'));
const faults: string[] = [];
for (const file of files) {
  const lines = readFileSync(file, 'utf8').split('\n').length - 1;
  const limit = /\.test\.tsx?$|\.contract\.ts$/.test(file) ? 800 : 400;
  if (lines > limit) faults.push(`${file}: ${lines} lines, at most ${limit}`);
  if (VAGUE.test(file)) faults.push(`${file}: the name says nothing`);
}
for (const file of globSync('ui/src/**/*.{ts,tsx,css}').filter((name) => !name.endsWith('tokens.css'))) {
  const colour = /(?<![&\w])#(?:[0-9a-f]{3}|[0-9a-f]{6})\b|\brgba?\(|\bhsla?\(|\boklch\(/i.exec(
    readFileSync(file, 'utf8'),
  );
  if (colour !== null) faults.push(`${file}: raw colour ${colour[0]}`);
}
for (const fault of faults) console.error(fault);
console.log(`sizes: ${files.length} files read, ${faults.length} faults`);
process.exit(faults.length === 0 ? 0 : 1);
