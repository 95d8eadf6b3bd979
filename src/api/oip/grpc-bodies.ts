/**
 * Bytes of gRPC messages in memory, bounded for all calls together as REST's bodies are. grpc-js bounds one message and the streams of
 * one connection: a thousand streams that each send most of a message and stop would take 64 GiB, before any token is looked at.
 */
import { status } from '@grpc/grpc-js';
import type { Metadata, ServerInterceptingCall, ServerInterceptor } from '@grpc/grpc-js';
import { MillwrightError } from '../../domain/errors.ts';
import { grpcError } from './grpc-status.ts';

/** Of all messages that have not come to their end, and as much of those that have and whose calls are not answered. */
const BYTES_LIMIT = 256 * 1024 * 1024;
/** From its first frame to its last, as for REST. */
const MESSAGE_MS = 60_000;

export interface GrpcBodies {
  /** First of the interceptors: it needs the call itself. */
  readonly interceptor: ServerInterceptor;
  /** Of a call that is being answered; the returned function gives them back. Throws MW-OVERLOADED. */
  hold(bytes: number): () => void;
  /** May a stream's next message be read? */
  readonly room: boolean;
}

function full(): MillwrightError {
  return new MillwrightError(
    'MW-OVERLOADED',
    'the messages of the calls that are being answered fill the memory for them',
    {
      where: 'request',
      next: 'ask again after the time in retry-after, or send smaller messages',
      retryAfterMs: 1000,
    },
  );
}

/** Bytes of the message that the decoder is in the middle of. */
function pending(decoder: unknown): number {
  if (typeof decoder !== 'object' || decoder === null) return 0;
  const [size, remaining]: readonly unknown[] = [
    Reflect.get(decoder, 'readMessageSize'),
    Reflect.get(decoder, 'readMessageRemaining'),
  ];
  return typeof size === 'number' && typeof remaining === 'number' && remaining > 0 ? size - remaining : 0;
}

/**
 * grpc-js shows a message to interceptors when it is whole, so the call's own reading of frames is watched; where a later release has it no
 * more, messages are bounded one by one only, and a test says so. A message in one frame, as most are, costs a comparison.
 */
export function createGrpcBodies(authorize: (metadata: Metadata) => void, limit = BYTES_LIMIT): GrpcBodies {
  let partial = 0;
  let held = 0;

  const interceptor: ServerInterceptor = (_method, given) => {
    // What the chain of interceptors needs of a call is the interface; the class is the type's wish only.
    const call = given as ServerInterceptingCall;
    const read: unknown = Reflect.get(call, 'handleDataFrame');
    const stream: unknown = Reflect.get(call, 'stream');
    const metadata = Reflect.get(call, 'metadata') as Metadata | undefined;
    if (typeof read !== 'function' || typeof stream !== 'object' || stream === null || !('once' in stream)) return call;
    let mine = 0;
    let over = false;
    let timer: NodeJS.Timeout | undefined;
    const count = (now: number): void => {
      partial += now - mine;
      mine = now;
      if (now === 0) clearTimeout(timer);
      if (now === 0) timer = undefined;
    };
    const refuse = (error: unknown): void => {
      over = true;
      count(0);
      // What is in the decoder goes with it.
      Reflect.set(call, 'decoder', { write: () => [] });
      const { code = status.INTERNAL, details = '', metadata: trailers } = grpcError(error);
      call.sendStatus({ code, details, ...(trailers === undefined ? {} : { metadata: trailers }) });
    };
    const late = (): void =>
      refuse(new MillwrightError('MW-DEADLINE', `the message did not come to its end in ${MESSAGE_MS / 1000} s`));
    Reflect.set(call, 'handleDataFrame', (frame: Buffer): void => {
      if (over) return;
      Reflect.apply(read, call, [frame]);
      const now = pending(Reflect.get(call, 'decoder'));
      if (now === 0 && mine === 0) return;
      count(now);
      if (now === 0) return;
      if (timer === undefined) {
        timer = setTimeout(late, MESSAGE_MS);
        timer.unref();
        (stream as NodeJS.EventEmitter).once('close', () => count(0));
        try {
          if (metadata !== undefined) authorize(metadata);
        } catch (error) {
          refuse(error);
          return;
        }
      }
      if (partial > limit) refuse(full());
    });
    return call;
  };

  return {
    interceptor,
    hold(bytes) {
      if (held > 0 && held + bytes > limit) throw full();
      held += bytes;
      return () => {
        held -= bytes;
      };
    },
    get room() {
      return held < limit;
    },
  };
}
