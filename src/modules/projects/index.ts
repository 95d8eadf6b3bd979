/** Projects: what a `millwright.yaml` says. */
export { parseProject } from './parse.ts';
export { projectJsonSchema } from './schema.ts';
