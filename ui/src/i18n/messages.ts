import { endpoints } from './endpoints.ts';
import { events } from './events.ts';
import { frame } from './frame.ts';
import { home } from './home.ts';
import { models } from './models.ts';
import { monitors } from './monitors.ts';
import { pipelines } from './pipelines.ts';
import { runs } from './runs.ts';

/** Every text of the app, in both languages. */
export const MESSAGES = {
  ...frame,
  ...home,
  ...events,
  ...runs,
  ...pipelines,
  ...models,
  ...endpoints,
  ...monitors,
} as const;

export type Key = keyof typeof MESSAGES;
