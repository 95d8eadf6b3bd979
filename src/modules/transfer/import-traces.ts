/** One trace of another server with its spans, assessments and files, compared with what was read. */
import { SPANS_LOCATION_TAG, TRACE_LOCATION_TAG, type Span, type TraceInfo } from '../../domain/traces.ts';
import type { ArtifactOwner } from '../../domain/tracking.ts';
import type { SourceTrace } from '../../ports/tracking-source.ts';
import { parseSpanFile, storableTrace } from '../tracking/index.ts';
import { type Copied, filesOf, IMPORTED_TAG, type Place, total } from './import-runs.ts';

/** Where things are is not the same here. */
const PLACES = new Set([TRACE_LOCATION_TAG, SPANS_LOCATION_TAG, IMPORTED_TAG]);

const sorted = (record: Readonly<Record<string, string>>): string =>
  JSON.stringify(
    Object.entries(record)
      .filter(([key]) => !PLACES.has(key))
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );

function compared(found: TraceInfo | undefined, said: TraceInfo): string[] {
  if (found === undefined) return ['it is not there'];
  const differences: string[] = [];
  for (const field of ['requestTime', 'durationMs', 'state', 'clientRequestId'] as const) {
    if (found[field] !== said[field]) differences.push(`${field} is ${found[field]} and was ${said[field]}`);
  }
  if (sorted(found.tags) !== sorted(said.tags)) differences.push('tags differ');
  // Spans add what they used, where nobody had.
  const added = Object.keys(found.metadata).filter((key) => said.metadata[key] === undefined);
  const kept = Object.entries(found.metadata).filter(([key]) => !added.includes(key));
  if (sorted(Object.fromEntries(kept)) !== sorted(said.metadata)) differences.push('metadata differ');
  const valid = (one: TraceInfo): string =>
    JSON.stringify(
      one.assessments
        .toSorted((a, b) => (a.id < b.id ? -1 : 1))
        .map(({ id, value, valid: counts }) => [id, value, counts]),
    );
  if (valid(found) !== valid(said)) {
    differences.push(`${found.assessments.length} of ${said.assessments.length} assessments`);
  }
  return differences;
}

/** All of it in one transaction; its blobs before. */
export async function importTrace(place: Place, trace: SourceTrace, experimentId: string): Promise<Copied> {
  const { id } = trace.info;
  const owner: ArtifactOwner = { kind: 'trace', id };
  const files = await filesOf(place, owner, trace.files());
  let spans: readonly Span[] = [];
  const differences: string[] = [];
  try {
    const given = await trace.spans();
    spans = typeof given === 'string' ? await spansIn(given, place, files) : given;
    if (typeof given === 'string' && spans.length === 0 && /"spans":\s*\[\s*\{/.test(given)) {
      differences.push('its spans are not readable');
    }
  } catch (error) {
    differences.push(`spans: ${error instanceof Error ? error.message : 'not readable'}`);
  }
  const said = storableTrace({ ...trace.info, experimentId });
  const { tracking } = place.store;
  await place.store.transaction(async (tx) => {
    await tx.tracking.putTrace(said);
    if (spans.length > 0) await tx.tracking.logSpans([{ traceId: id, experimentId, resource: {}, spans }]);
    for (const file of files) await tx.tracking.putArtifact(owner, file);
    for (const { kind, to } of trace.links) await tx.tracking.linkTraces([id], kind, to);
    await tx.tracking.setTraceTag(id, IMPORTED_TAG, place.source.name);
  });
  differences.push(...compared(await tracking.getTrace(id), said));
  const there = (await tracking.traceSpans(id)).length;
  if (there !== spans.length) differences.push(`${there} of ${spans.length} spans`);
  return { files: files.length, bytes: total(files), points: 0, differences };
}

const SPAN_FILE = 'traces.json';
const SPAN_FILE_LIMIT = 64 * 1024 * 1024;

/** The spans that the source names, or, where it keeps them as a file, those of the file. */
async function spansIn(
  text: string,
  { artifacts }: Place,
  files: readonly { readonly path: string; readonly digest: string; readonly bytes: number }[],
): Promise<readonly Span[]> {
  const named = parseSpanFile(text);
  if (named.length > 0) return named;
  const file = files.find(({ path, bytes }) => path === SPAN_FILE && bytes <= SPAN_FILE_LIMIT);
  return file === undefined ? [] : parseSpanFile(Buffer.from(await artifacts.bytes(file.digest)).toString('utf8'));
}
