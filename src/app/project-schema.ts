/** The JSON Schema of millwright.yaml, for commands: they may not reach into modules. */
export { projectJsonSchema } from '../modules/projects/index.ts';
