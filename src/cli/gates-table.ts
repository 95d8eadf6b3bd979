/** Gates with what was observed and what is required, for the terminal. */
import type { Schemas } from './client/client.ts';
import { number, type Output, safe } from './output.ts';

export function gateLines(out: Output, gates: readonly Schemas['Gate'][]): readonly string[] {
  if (gates.length === 0) return [];
  const { paint } = out;
  return out
    .table(
      ['', 'gate', 'observed', 'required', 'from'],
      gates.map((gate) => [
        gate.passed === true ? paint.green('✓') : gate.passed === null ? paint.yellow('?') : paint.red('✗'),
        safe(gate.text),
        // A gate that passed without a number was not asked: there was nothing to compare with.
        gate.observed === undefined ? (gate.passed === true ? '–' : 'unknown') : number(gate.observed),
        safe(gate.required),
        safe(gate.where),
      ]),
    )
    .map((line) => `  ${line}`);
}
