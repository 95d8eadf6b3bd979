/** All migrations in their order. Append only: a released one never changes and never moves. */
import type { Migration } from '../migrate.ts';
import { up as core } from './0001-core.ts';
import { up as tracking } from './0002-tracking.ts';
import { up as collections } from './0003-collections.ts';
import { up as metricChunks } from './0004-metric-chunks.ts';
import { up as traces } from './0005-traces.ts';
import { up as deletionTimes } from './0006-deletion-times.ts';
import { up as lineage } from './0007-lineage.ts';

export const MIGRATIONS: readonly Migration[] = [
  { name: '0001-core', up: core },
  { name: '0002-tracking', up: tracking },
  { name: '0003-collections', up: collections },
  { name: '0004-metric-chunks', up: metricChunks },
  { name: '0005-traces', up: traces },
  { name: '0006-deletion-times', up: deletionTimes },
  { name: '0007-lineage', up: lineage },
];
