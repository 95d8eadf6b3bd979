/** AnalyticsStore on DuckDB over Parquet files in the home: `predictions/<endpoint>/` (written by the gateway), `outcomes/<endpoint>/`. */
import { join } from 'node:path';
import type { AnalyticsStore } from '../../ports/analytics-store.ts';
import { compactFolder } from './compaction.ts';
import { aggregate, summarize } from './data-files.ts';
import { createEngine } from './engine.ts';
import { createFactsCache, createReadable } from './file-facts.ts';
import { createOutcomeLog, type OutcomeLog } from './outcome-log.ts';
import { checkEndpoint, createParquetFolder } from './parquet-folder.ts';
import { columnWindows, countRows, type EndpointFolders, labelled, recent, span } from './prediction-queries.ts';
import { prediction } from './prediction-lookup.ts';
import { releaseOutcomes, releaseScores, shadowComparison } from './release-queries.ts';

export { openRowFiles } from './row-files.ts';

export { createMetadataQuery } from './metadata-query.ts';
export { createQueryProcess } from './query-process.ts';

export interface DuckDbAnalyticsOptions {
  readonly home: string;
  /** Default 512. */
  readonly memoryMiB?: number;
  /** Default 2. */
  readonly threads?: number;
  /** Told once about each prediction or outcome file that cannot be read; the other files go on counting. */
  readonly skipped?: (path: string, reason: string) => void;
}

/** Outcome files above this number are merged in the background. */
const OUTCOME_FILES = 128;

/** Nothing is read or loaded before the first call. Endpoint names are checked (MW-PATH) before they become folder names. */
export function createDuckDbAnalytics(options: DuckDbAnalyticsOptions): AnalyticsStore {
  const { home } = options;
  const engine = createEngine({
    spillFolder: join(home, 'tmp', 'duckdb'),
    memoryMiB: options.memoryMiB ?? 512,
    threads: options.threads ?? 2,
  });
  const endpoints = new Map<string, EndpointFolders & { readonly log: OutcomeLog }>();
  const background = new Set<Promise<unknown>>();
  const skipped = options.skipped ?? (() => undefined);

  function open(endpoint: string): EndpointFolders & { readonly log: OutcomeLog } {
    const known = endpoints.get(checkEndpoint(endpoint));
    if (known !== undefined) return known;
    const predictions = createParquetFolder(join(home, 'predictions', endpoint));
    const outcomes = createParquetFolder(join(home, 'outcomes', endpoint));
    const folders = {
      predictions,
      outcomes,
      facts: createFactsCache(engine, predictions.path, skipped),
      readableOutcomes: createReadable(engine, outcomes.path, skipped),
      log: createOutcomeLog(outcomes, Date.now, (files) => {
        if (files > OUTCOME_FILES) inBackground(compactOutcomes(endpoint));
      }),
    };
    endpoints.set(endpoint, folders);
    return folders;
  }

  function inBackground(work: Promise<unknown>): void {
    // A merge that fails loses nothing: the small files stay and the next merge takes them.
    const settled = work
      .catch((error: unknown) => skipped('outcomes', String(error)))
      .finally(() => background.delete(settled));
    background.add(settled);
  }

  function compactOutcomes(endpoint: string): Promise<number> {
    const { outcomes, readableOutcomes } = open(endpoint);
    // The name starts with the newest seq it holds, so that a restarted writer goes on above it.
    const id = (last: string): string => `${/-(\d{16})/.exec(last)?.[1] ?? '0'.repeat(16)}-${unique()}`;
    return compactFolder(engine, outcomes, 'outcomes', readableOutcomes, id);
  }

  let serial = 0;
  const unique = (): string =>
    `${Date.now().toString(36).padStart(9, '0')}${process.pid.toString(36)}${(serial++).toString(36)}`;

  return {
    addOutcomes: async (endpoint, outcomes) => open(endpoint).log.add(outcomes),
    span: async (endpoint) => span(open(endpoint)),
    labelled: async (query) => labelled(engine, open(query.endpoint), query),
    columns: async (endpoint, from, to, sample) => columnWindows(engine, open(endpoint), from, to, sample),
    count: async (endpoint, from, to) => countRows(engine, open(endpoint), from, to),
    recent: async (endpoint, limit) => recent(engine, open(endpoint), limit),
    prediction: async (endpoint, id) => prediction(engine, open(endpoint), id),
    releaseScores: async (window, sample) => releaseScores(engine, open(window.endpoint), window, sample),
    releaseOutcomes: async (query) => releaseOutcomes(engine, open(query.endpoint), query),
    shadow: async (query) => shadowComparison(engine, open(query.endpoint), query),
    async compact(endpoint) {
      const folders = open(endpoint);
      const readable = async (names: readonly string[]): Promise<readonly string[]> => [
        ...(await folders.facts.of(names)).keys(),
      ];
      const merged = await compactFolder(engine, folders.predictions, 'predictions', readable, unique);
      return merged + (await compactOutcomes(endpoint));
    },
    summarize: async (files) => summarize(engine, files),
    aggregate: async (files, expressions) => aggregate(engine, files, expressions),
    async close() {
      await Promise.all(background);
      await engine.close();
    },
  };
}
