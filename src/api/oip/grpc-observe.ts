/** Sees each gRPC call from its start to its status, without the handlers knowing: for metrics, traces and the access log. */
import { ResponderBuilder, ServerInterceptingCall, ServerListenerBuilder } from '@grpc/grpc-js';
import type { Metadata, ServerInterceptor } from '@grpc/grpc-js';

/** One ended call. Times are of the monotonic clock, ms. */
export interface SeenRpc {
  /** `inference.GRPCInferenceService` and `ModelInfer`. */
  readonly service: string;
  readonly method: string;
  /** grpc.status */
  readonly code: number;
  readonly metadata: Metadata | undefined;
  readonly peer: string;
  readonly startedAt: number;
  readonly endedAt: number;
  /** Of the last answer, when it is one of a model. */
  readonly answered: () => AnsweredRpc;
}

export interface AnsweredRpc {
  readonly endpoint?: string;
  readonly version?: string;
  readonly predictionId?: string;
}

const FIELDS = ['endpoint', 'version', 'predictionId'] as const;

/**
 * ModelInferResponse begins with the texts model_name = 1, model_version = 2, id = 3. In an answer of a stream it is field 2 of the
 * message. Anything else ends the reading: this looks at the head of a few bytes, not at the tensors.
 */
function headOf(message: unknown, streamed: boolean): AnsweredRpc {
  if (!(message instanceof Uint8Array)) return {};
  let at = 0;
  const length = (): number => {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = message[at] ?? 0;
      at += 1;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) break;
    }
    return value;
  };
  if (streamed) {
    if (message[0] !== 0x12) return {};
    at = 1;
    length();
  }
  const found: { endpoint?: string; version?: string; predictionId?: string } = {};
  for (const [index, name] of FIELDS.entries()) {
    if (message[at] !== (((index + 1) << 3) | 2)) continue;
    at += 1;
    const size = length();
    if (size > 1024 || at + size > message.length) return found;
    found[name] = Buffer.from(message.buffer, message.byteOffset + at, size).toString('utf8');
    at += size;
  }
  return found;
}

/** `observe` must not throw and must not wait. */
export function createGrpcObserver(observe: (seen: SeenRpc) => void): ServerInterceptor {
  return (method, call) => {
    const startedAt = performance.now();
    const [service = '', name = ''] = method.path.split('/').slice(1);
    let metadata: Metadata | undefined;
    let last: unknown;
    const listener = new ServerListenerBuilder()
      .withOnReceiveMetadata((received, next) => {
        metadata = received;
        next(received);
      })
      .build();
    const responder = new ResponderBuilder()
      .withStart((next) => next(listener))
      .withSendMessage((message: unknown, next) => {
        last = message;
        next(message);
      })
      .withSendStatus((status, next) => {
        next(status);
        observe({
          service,
          method: name,
          code: status.code ?? 2,
          metadata,
          peer: call.getPeer(),
          startedAt,
          endedAt: performance.now(),
          answered: () => headOf(last, method.responseStream),
        });
      })
      .build();
    return new ServerInterceptingCall(call, responder);
  };
}
