/** What must hold between the parts of the file: every input has a maker, one maker a file, no cycle, known names in triggers. */
import { MillwrightError } from '../../domain/errors.ts';
import type { ProjectSpec } from '../../domain/project.ts';
import { nearest, type Places } from './places.ts';

function makersOf(spec: ProjectSpec, places: Places): ReadonlyMap<string, string> {
  const makers = new Map<string, string>();
  for (const [name, step] of Object.entries(spec.pipeline)) {
    for (const [index, file] of step.out.entries()) {
      const other = makers.get(file);
      if (other !== undefined || file in spec.datasets) {
        throw new MillwrightError(
          'MW-CONFIG-VALUE',
          `"${file}" is made by both "${other ?? 'a dataset of that name'}" and "${name}"`,
          {
            where: places.at(['pipeline', name, 'out', index]),
            next: 'give one of them another name',
          },
        );
      }
      makers.set(file, name);
    }
  }
  return makers;
}

function checkCycle(spec: ProjectSpec, makers: ReadonlyMap<string, string>, places: Places): void {
  const state = new Map<string, 'open' | 'done'>();
  const visit = (name: string, trail: readonly string[]): void => {
    if (state.get(name) === 'done') return;
    if (state.get(name) === 'open') {
      const circle = [...trail.slice(trail.indexOf(name)), name].join(' → ');
      throw new MillwrightError('MW-CONFIG-CYCLE', `the steps wait for each other: ${circle}`, {
        where: places.at(['pipeline', name, 'in']),
        next: 'remove one of the inputs',
      });
    }
    state.set(name, 'open');
    for (const input of spec.pipeline[name]?.in ?? []) {
      const maker = makers.get(input);
      if (maker !== undefined) visit(maker, [...trail, name]);
    }
    state.set(name, 'done');
  };
  for (const name of Object.keys(spec.pipeline)) visit(name, []);
}

export function checkGraph(spec: ProjectSpec, places: Places): void {
  const makers = makersOf(spec, places);
  const known = [...Object.keys(spec.datasets), ...makers.keys()];
  const guess = (word: string): string => {
    const name = nearest(word, known);
    return name === undefined ? `known: ${known.join(', ') || 'nothing yet'}` : `did you mean "${name}"?`;
  };
  for (const [name, step] of Object.entries(spec.pipeline)) {
    for (const [index, input] of step.in.entries()) {
      if (known.includes(input)) continue;
      throw new MillwrightError(
        'MW-CONFIG-VALUE',
        `step "${name}" takes "${input}", which no step makes and no dataset is called; ${guess(input)}`,
        {
          where: places.at(['pipeline', name, 'in', index]),
        },
      );
    }
  }
  checkCycle(spec, makers, places);
  const { model } = spec;
  for (const field of ['artifact', 'metrics', 'scores'] as const) {
    const file = model?.[field];
    if (model === undefined || file === undefined || makers.has(file)) continue;
    throw new MillwrightError(
      'MW-CONFIG-VALUE',
      `"model.${field}" is "${file}", which no step puts out; ${guess(file)}`,
      {
        where: places.at(['model', field]),
      },
    );
  }
  if (spec.endpoint !== undefined && model === undefined) {
    throw new MillwrightError('MW-CONFIG-VALUE', '"endpoint" needs a "model" that it serves', {
      where: places.at(['endpoint'], 'key'),
    });
  }
  for (const [index, trigger] of spec.triggers.entries()) {
    const [word, names] =
      trigger.on === 'alert'
        ? [trigger.monitor, Object.keys(spec.monitors)]
        : trigger.on === 'dataset'
          ? [trigger.name, Object.keys(spec.datasets)]
          : [undefined, []];
    if (word === undefined || names.includes(word)) continue;
    throw new MillwrightError(
      'MW-CONFIG-VALUE',
      `trigger names "${word}", which is not in the file; known: ${names.join(', ') || 'none'}`,
      {
        where: places.at(['triggers', index]),
      },
    );
  }
}
