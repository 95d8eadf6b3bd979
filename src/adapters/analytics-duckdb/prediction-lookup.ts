/** One prediction by its id, out of millions: the time in an id of ours names the files; an id of a caller is searched by Bloom filters. */
import type { PredictionRow } from '../../ports/analytics-store.ts';
import { type Engine, literal, parquetSource } from './engine.ts';
import type { FileFacts } from './file-facts.ts';
import { type EndpointFolders, select, within, withOutcomes } from './prediction-queries.ts';

/** `p_` and a ULID (platform/ids.ts): its first ten characters are the time it was made at. */
const OWN_ID = /^p_([0-7][0-9a-hjkmnp-tv-z]{9})[0-9a-hjkmnp-tv-z]{16}$/;
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';
/** An id is made when its call is admitted, and the call is stamped at once; a clock that is set back may part the two. */
const BEFORE_MS = 60_000;
const AFTER_MS = 60_000;

/** ms since 1970, or undefined when the id is not one of ours. */
export function timeOfId(id: string): number | undefined {
  const text = OWN_ID.exec(id)?.[1];
  if (text === undefined) return undefined;
  let time = 0;
  for (const character of text) time = time * 32 + ALPHABET.indexOf(character);
  return time;
}

/** The names that can hold a call of that time, and the others. */
function partition(
  facts: ReadonlyMap<string, FileFacts>,
  time: number | undefined,
): readonly [likely: readonly string[], others: readonly string[]] {
  const [likely, others]: [string[], string[]] = [[], []];
  for (const [name, one] of facts) {
    const near = time !== undefined && one.firstReceived <= time + AFTER_MS && one.lastReceived >= time - BEFORE_MS;
    (near ? likely : others).push(name);
  }
  return [likely, others];
}

/** `id` is `<request id>/<row>`, or a request id alone for its first row. Of calls with the same id the newest is found. */
export async function prediction(
  engine: Engine,
  folders: EndpointFolders,
  id: string,
): Promise<PredictionRow | undefined> {
  const slash = id.lastIndexOf('/');
  const request = slash === -1 ? id : id.slice(0, slash);
  const row = slash === -1 ? 0 : Number(id.slice(slash + 1));
  if (request === '' || !Number.isSafeInteger(row) || row < 0) return undefined;
  const where = `WHERE request_id = ${literal(request)} AND "row" = ${row}`;

  /** Two columns of the files that cannot be ruled out, before all columns of the one file. */
  async function find(names: readonly string[]): Promise<PredictionRow[]> {
    if (names.length === 0) return [];
    const paths = within(folders.predictions, names);
    const found =
      paths.length === 1
        ? paths
        : await engine
            .query(
              `SELECT filename FROM ${parquetSource(paths).replace(/\)$/, ', filename = true)')} ${where} ORDER BY received_at DESC`,
            )
            .then((table) => [...new Set((table.columns[0] ?? []).map(String))]);
    // More than one: the same id was sent again; then the newest counts, whichever file it is in.
    return found.length === 0 ? [] : select(engine, found, `${where} ORDER BY received_at DESC LIMIT 1`);
  }

  const rows = await folders.predictions.reading(async (names) => {
    const [likely, others] = partition(await folders.facts.of(names), timeOfId(request));
    const first = await find(likely);
    return first.length > 0 ? first : find(others);
  });
  return (await withOutcomes(engine, folders, rows))[0];
}
