/** All migrations in their order. Append only: a released one never changes and never moves. */
import type { Migration } from '../migrate.ts';
import { up as core } from './0001-core.ts';
import { up as tracking } from './0002-tracking.ts';
import { up as collections } from './0003-collections.ts';

export const MIGRATIONS: readonly Migration[] = [
  { name: '0001-core', up: core },
  { name: '0002-tracking', up: tracking },
  { name: '0003-collections', up: collections },
];
