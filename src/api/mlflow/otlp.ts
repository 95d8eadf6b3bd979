/**
 * `POST /v1/traces`: the OpenTelemetry protocol over HTTP (OTLP 1.x, protobuf and JSON, gzip), where every exporter of any language
 * and MLflow's client from 3.4 on send spans. It is answered after the spans are durable.
 */
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gunzip, inflate } from 'node:zlib';
import type { FastifyRequest } from 'fastify';
import { MillwrightError } from '../../domain/errors.ts';
import { jsonDepth } from '../../platform/json-text.ts';
import { readSpans } from './otlp-spans.ts';
import type { ReadSpans } from './otlp-spans.ts';
import type { MlflowDeps, StreamRoute } from './route.ts';

const RECEIVED_LIMIT = 32 * 1024 * 1024;
/** After decompression: a bomb of 32 MB would grow to 32 GB. */
const BODY_LIMIT = 64 * 1024 * 1024;
const SPAN_LIMIT = 10_000;
/** Of JSON around an attribute of the greatest depth. */
const JSON_DEPTH = 300;

const EXPERIMENT = 'x-mlflow-experiment-id';
const RUN = 'x-mlflow-run-id';

const unzip = promisify(gunzip);
const deflated = promisify(inflate);

interface Codec {
  readonly decode: (bytes: Buffer) => unknown;
  readonly encode: (answer: object) => Buffer;
}

let loaded: Promise<Codec> | undefined;

/** The first request pays for reading the .proto, and a server without traces never does. */
function codec(): Promise<Codec> {
  loaded ??= (async () => {
    const { loadSync } = await import('@grpc/proto-loader');
    const file = fileURLToPath(new URL('../../../proto/otlp-trace.proto', import.meta.url));
    const service = loadSync(file, { longs: String, defaults: false, oneofs: false })[
      'opentelemetry.proto.collector.trace.v1.TraceService'
    ];
    const method = service !== undefined && 'Export' in service ? service['Export'] : undefined;
    if (typeof method !== 'object' || !('requestDeserialize' in method)) {
      throw new MillwrightError('MW-INTERNAL', 'otlp-trace.proto has no Export');
    }
    return { decode: method.requestDeserialize, encode: method.responseSerialize };
  })();
  return loaded;
}

const tooLarge = (limit: number): MillwrightError =>
  new MillwrightError('MW-BODY-TOO-LARGE', `the spans are larger than ${limit / 1024 / 1024} MiB`, {
    next: 'let the exporter send smaller batches (OTEL_BSP_MAX_EXPORT_BATCH_SIZE)',
  });

async function bytesOf(request: FastifyRequest): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  const { body } = request;
  if (typeof body !== 'object' || body === null || !(Symbol.asyncIterator in body)) return Buffer.alloc(0);
  for await (const chunk of body as AsyncIterable<Uint8Array>) {
    size += chunk.byteLength;
    if (size > RECEIVED_LIMIT) throw tooLarge(RECEIVED_LIMIT);
    chunks.push(Buffer.from(chunk));
  }
  return Buffer.concat(chunks);
}

async function decompressed(bytes: Buffer, encoding: string): Promise<Buffer> {
  if (encoding === '' || encoding === 'identity') return bytes;
  if (encoding !== 'gzip' && encoding !== 'deflate') {
    throw new MillwrightError('MW-MEDIA-TYPE', `Content-Encoding "${encoding.slice(0, 50)}" is not read`, {
      where: 'content-encoding',
      next: 'send gzip, deflate or none',
    });
  }
  try {
    return await (encoding === 'gzip' ? unzip : deflated)(bytes, { maxOutputLength: BODY_LIMIT });
  } catch (cause) {
    if (cause instanceof RangeError) throw tooLarge(BODY_LIMIT);
    throw new MillwrightError('MW-INVALID', `the body is not ${encoding}`, { where: 'body', cause });
  }
}

async function decoded(bytes: Buffer, json: boolean): Promise<unknown> {
  const broken = (cause: unknown): MillwrightError =>
    new MillwrightError('MW-INVALID', 'Invalid OpenTelemetry format: the body is no ExportTraceServiceRequest', {
      where: 'body',
      cause,
    });
  if (!json) {
    const { decode } = await codec();
    try {
      return decode(bytes);
    } catch (cause) {
      // Also what nests so deep that the reader ran out of stack.
      throw broken(cause);
    }
  }
  const text = bytes.toString('utf8');
  if (jsonDepth(text) > JSON_DEPTH) {
    throw new MillwrightError('MW-BODY-TOO-DEEP', `the JSON body is nested deeper than ${JSON_DEPTH} levels`);
  }
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw broken(cause);
  }
}

function header(request: FastifyRequest, name: string): string {
  const value = request.headers[name];
  return typeof value === 'string' ? value.trim() : '';
}

function spansIn(request: unknown, experimentId: string): ReadSpans {
  try {
    return readSpans(request, experimentId, SPAN_LIMIT);
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new MillwrightError('MW-BODY-TOO-LARGE', `more than ${SPAN_LIMIT} spans in one request`, {
      next: 'let the exporter send smaller batches (OTEL_BSP_MAX_EXPORT_BATCH_SIZE)',
    });
  }
}

export function otlpStreams({ tracking }: MlflowDeps): readonly StreamRoute[] {
  return [
    {
      method: 'POST',
      path: '/v1/traces',
      permission: 'log',
      async serve(request, reply) {
        const type = header(request, 'content-type').split(';', 1)[0]?.trim().toLowerCase();
        const json = type === 'application/json';
        if (!json && type !== 'application/x-protobuf') {
          throw new MillwrightError('MW-MEDIA-TYPE', 'spans come as application/x-protobuf or application/json', {
            where: 'content-type',
            next: 'export OTEL_EXPORTER_OTLP_TRACES_PROTOCOL=http/protobuf',
          });
        }
        const experimentId = header(request, EXPERIMENT);
        if (experimentId === '') {
          throw new MillwrightError(
            'MW-INVALID',
            `the header ${EXPERIMENT} says which experiment the spans belong to`,
            {
              where: EXPERIMENT,
              next: `export OTEL_EXPORTER_OTLP_TRACES_HEADERS=${EXPERIMENT}=0`,
            },
          );
        }
        const bytes = await decompressed(await bytesOf(request), header(request, 'content-encoding').toLowerCase());
        if (bytes.byteLength > BODY_LIMIT) throw tooLarge(BODY_LIMIT);
        const { batches, rejected, reason } = spansIn(await decoded(bytes, json), experimentId);
        await tracking.logSpans(batches);
        const runId = header(request, RUN);
        if (runId !== '') {
          const ids = batches.map((batch) => batch.traceId);
          for (let at = 0; at < ids.length; at += 100) await tracking.linkTracesToRun(ids.slice(at, at + 100), runId);
        }
        const answer =
          rejected === 0
            ? {}
            : { partialSuccess: { rejectedSpans: String(rejected), errorMessage: (reason ?? '').slice(0, 500) } };
        if (json) return reply.type('application/json').send(JSON.stringify(answer));
        const { encode } = await codec();
        return reply.type('application/x-protobuf').send(encode(answer));
      },
    },
  ];
}
