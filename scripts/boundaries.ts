/** Runs the import rules and says how many modules were read: a tool that read none also reports no violations. */
import { execFileSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { version as parser } from '@swc/core';

interface Result {
  readonly summary: {
    readonly totalCruised: number;
    readonly totalDependenciesCruised: number;
    readonly violations: readonly {
      readonly rule: { readonly name: string };
      readonly from: string;
      readonly to: string;
    }[];
  };
  readonly modules: readonly { readonly source: string }[];
}

const files = globSync(['src/**/*.ts', 'ui/src/**/*.{ts,tsx}']).filter((file) => !file.endsWith('.d.ts'));
let output: string;
try {
  output = execFileSync(
    'depcruise',
    ['--config', '.dependency-cruiser.cjs', '--output-type', 'json', 'src', 'ui/src'],
    { encoding: 'utf8', maxBuffer: 1 << 28 },
  );
} catch (error) {
  output = (error as { readonly stdout?: string }).stdout ?? '';
}
const result = JSON.parse(output) as Result;
const own = result.modules.filter(
  (module) => /^(?:src|ui\/src)\/.*\.tsx?$/.test(module.source) && !module.source.endsWith('.d.ts'),
).length;
for (const { rule, from, to } of result.summary.violations) console.error(`  ${rule.name}: ${from} -> ${to}`);
console.log(
  `boundaries: ${own} of ${files.length} modules read by swc ${parser}, ${result.summary.totalDependenciesCruised} imports, ${result.summary.violations.length} violations`,
);
if (own < files.length || result.summary.violations.length > 0) process.exit(1);
