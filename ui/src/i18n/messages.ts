import { endpoints } from './endpoints.ts';
import { events } from './events.ts';
import { frame } from './frame.ts';
import { home } from './home.ts';
import { models } from './models.ts';
import { monitors } from './monitors.ts';
import { pipelines } from './pipelines.ts';
import { playground } from './playground.ts';
import { records } from './records.ts';
import { runs } from './runs.ts';
import { serving } from './serving.ts';
import { traces } from './traces.ts';
import { versions } from './versions.ts';

/** Every text of the app, in both languages. */
export const MESSAGES = {
  ...frame,
  ...home,
  ...events,
  ...runs,
  ...pipelines,
  ...models,
  ...versions,
  ...records,
  ...endpoints,
  ...serving,
  ...playground,
  ...monitors,
  ...traces,
} as const;

export type Key = keyof typeof MESSAGES;
