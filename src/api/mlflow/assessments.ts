/** What people, judges and code said of a trace. */
import { z } from 'zod';
import { list, optional, required } from './fields.ts';
import { route } from './route.ts';
import type { MlflowDeps, Route } from './route.ts';
import { assessmentInput, assessmentWire, judgedOf, newAssessment } from './trace-wire.ts';

/** A field mask comes as a list of paths, or in proto3's JSON as one text with commas. */
const mask = optional(
  z.union([
    z.string().transform((text) => text.split(',').map((path) => path.trim())),
    z.looseObject({ paths: list(z.string()) }).transform((given) => given.paths),
  ]),
);

/** proto3's JSON writes paths of a mask in camelCase. */
const snake = (path: string): string => path.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

export function assessmentRoutes({ tracking }: MlflowDeps): readonly Route[] {
  const base = '3.0/mlflow/traces/:trace_id/assessments';
  const one = z.object({ trace_id: required, assessment_id: required });
  return [
    route({
      method: 'POST',
      path: base,
      permission: 'log',
      input: z.object({ trace_id: required, assessment: assessmentInput }),
      handler: async (input) => {
        const made = await tracking.createAssessment(newAssessment(input.trace_id, input.assessment));
        return { assessment: assessmentWire(made) };
      },
    }),
    route({
      method: 'GET',
      path: `${base}/:assessment_id`,
      permission: 'read',
      input: one,
      handler: async (input) => ({
        assessment: assessmentWire(await tracking.getAssessment(input.trace_id, input.assessment_id)),
      }),
    }),
    route({
      method: 'PATCH',
      path: `${base}/:assessment_id`,
      permission: 'log',
      input: one.extend({ assessment: assessmentInput, update_mask: mask }),
      handler: async (input) => {
        const paths = new Set((input.update_mask ?? []).map(snake));
        const given = input.assessment;
        const judged = paths.has('feedback') || paths.has('expectation') ? judgedOf(given) : undefined;
        const changed = await tracking.updateAssessment(input.trace_id, input.assessment_id, {
          ...(paths.has('assessment_name') ? { name: given.assessment_name } : {}),
          ...judged,
          ...(paths.has('rationale') ? { rationale: given.rationale } : {}),
          ...(paths.has('metadata') ? { metadata: given.metadata } : {}),
          ...(paths.has('valid') ? { valid: given.valid } : {}),
        });
        return { assessment: assessmentWire(changed) };
      },
    }),
    route({
      method: 'DELETE',
      path: `${base}/:assessment_id`,
      permission: 'log',
      input: one,
      handler: async (input) => {
        await tracking.deleteAssessment(input.trace_id, input.assessment_id);
        return {};
      },
    }),
  ];
}
