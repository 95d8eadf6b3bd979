/** Gates with what was observed and what is required, for the terminal. */
import type { Schemas } from './client/client.ts';
import { number, type Output, safe } from './output.ts';

export function gateLines({ paint, table }: Output, gates: readonly Schemas['Gate'][]): readonly string[] {
  if (gates.length === 0) return [];
  return table(
    ['', 'gate', 'observed', 'required', 'from'],
    gates.map((gate) => [
      gate.passed === true ? paint.green('✓') : gate.passed === null ? paint.yellow('?') : paint.red('✗'),
      safe(gate.text),
      gate.observed === undefined ? 'unknown' : number(gate.observed),
      safe(gate.required),
      safe(gate.where),
    ]),
  ).map((line) => `  ${line}`);
}
