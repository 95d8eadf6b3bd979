/**
 * The process that one query engine lives in. The engine's own memory limit does not count the texts that a query makes
 * (`repeat('x', 1000000) FROM range(10000)` took 15 GB of the server), and a fault in it ends the process it is in: this one.
 */
import { MillwrightError } from '../../domain/errors.ts';
import type { ScanRow } from '../../ports/table-source.ts';
import { createMetadataQuery } from './metadata-query.ts';
import { MEMORY_EXIT, type QueryFailure, type QueryRequest } from './query-process.ts';

const LOOK_MS = 25;
const [memoryMiB = '512', rssMiB = '1280'] = process.argv.slice(2);
const engine = createMetadataQuery({ memoryMiB: Number(memoryMiB) });
/** Whom the next rows of the table that is being loaded go to. */
let arrived:
  | { readonly give: (rows: readonly ScanRow[] | undefined) => void; readonly fail: (error: Error) => void }
  | undefined;

setInterval(() => {
  if (process.memoryUsage.rss() > Number(rssMiB) * 2 ** 20) process.exit(MEMORY_EXIT);
}, LOOK_MS).unref();

function failureOf(error: unknown): QueryFailure {
  const message = error instanceof Error ? error.message : String(error);
  if (!(error instanceof MillwrightError)) return { message };
  const { code, where, next } = error;
  return {
    message,
    code,
    ...(where === undefined ? {} : { where }),
    ...(next === undefined ? {} : { next }),
  };
}

/** Batches in the order they were sent; each is asked for, so no more than one lies here. */
async function* batches(id: number): AsyncIterable<readonly ScanRow[]> {
  for (;;) {
    const rows = await new Promise<readonly ScanRow[] | undefined>((give, fail) => {
      arrived = { give, fail };
      process.send?.({ id, wants: true });
    });
    if (rows === undefined) return;
    yield rows;
  }
}

async function answer(request: Exclude<QueryRequest, { readonly op: 'rows' }>): Promise<unknown> {
  switch (request.op) {
    case 'parse':
      return engine.parse(request.sql);
    case 'query':
      return engine.query(request.sql, request.limits);
    case 'load':
      return engine.load(request.table, batches(request.id));
  }
}

process.on('message', (request: QueryRequest) => {
  if (request.op === 'rows') {
    if (request.broken === true) arrived?.fail(new Error('the rows cannot be read'));
    else arrived?.give(request.rows);
    return;
  }
  const { id } = request;
  answer(request).then(
    (value) => process.send?.({ id, value }),
    (error: unknown) => process.send?.({ id, failure: failureOf(error) }),
  );
});
// Whoever asked is gone.
process.on('disconnect', () => process.exit(0));
