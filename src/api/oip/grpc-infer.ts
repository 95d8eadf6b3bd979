/** ModelInfer and ModelStreamInfer: bytes in, bytes out. */
import type { handleBidiStreamingCall, handleUnaryCall, Metadata, ServerDuplexStream } from '@grpc/grpc-js';
import { MillwrightError } from '../../domain/errors.ts';
import type { Serving } from '../../modules/serving/index.ts';
import { errorText, stickyKeyOf } from './call-options.ts';
import {
  inferCallOf,
  readInferRequest,
  writeInferResponse,
  writeStreamAnswer,
  writeStreamError,
} from './grpc-messages.ts';
import type { GrowingCall, WireInferRequest } from './grpc-messages.ts';
import { grpcError } from './grpc-status.ts';
import type { GrpcBodies } from './grpc-bodies.ts';
import { clientName } from './http-server.ts';

/** What of a call is asked for beside its message. */
interface Caller {
  readonly metadata: Metadata;
  getPeer(): string;
  getDeadline(): Date | number;
}

/** Answers of one stream that are not given: beyond them the client's next message waits in its own buffers. */
const STREAM_IN_FLIGHT = 64;

export interface GrpcInferDeps {
  readonly serving: Serving;
  /** Throws MW-UNAUTHENTICATED. */
  readonly authorize: (metadata: Metadata) => void;
  /** Is a token asked for? Otherwise what stands in its place says nothing about who calls. */
  readonly tokens: boolean;
  readonly bodies: Pick<GrpcBodies, 'hold' | 'room'>;
}

const textOf = (metadata: Metadata, key: string): string | undefined => {
  const [value] = metadata.get(key);
  return typeof value === 'string' ? value : undefined;
};

/** The address without its port. */
function hostOf(peer: string): string {
  const end = peer.lastIndexOf(':');
  return end === -1 ? peer : peer.slice(0, end);
}

/** What the message says, and what stands beside it: who calls, until when, with which sticky key. */
function callOf(request: WireInferRequest, caller: Caller, tokens: boolean): GrowingCall {
  const call = inferCallOf(request);
  const { metadata } = caller;
  call.client = clientName(tokens ? textOf(metadata, 'authorization') : undefined, hostOf(caller.getPeer()));
  if (call.stickyKey === undefined) {
    const key = textOf(metadata, 'mw-sticky-key');
    if (key !== undefined) call.stickyKey = stickyKeyOf(key);
  }
  if (call.timeoutMs === undefined) {
    const left = Number(caller.getDeadline()) - Date.now();
    // Past it nobody reads the answer.
    if (Number.isFinite(left)) call.timeoutMs = Math.max(left, 1);
  }
  return call;
}

/** Aborted when the client cancels, leaves, or its deadline passes. */
function leaving(call: { once(event: 'cancelled', listener: () => void): unknown }): AbortSignal {
  const controller = new AbortController();
  call.once('cancelled', () => controller.abort());
  return controller.signal;
}

export function unaryInfer({ serving, authorize, tokens, bodies }: GrpcInferDeps): handleUnaryCall<Buffer, Buffer> {
  return (call, callback) => {
    const run = async (): Promise<void> => {
      let answer: Buffer;
      let release: (() => void) | undefined;
      try {
        authorize(call.metadata);
        release = bodies.hold(call.request.length);
        const request = readInferRequest(call.request);
        const whole = callOf(request, call, tokens);
        whole.signal = leaving(call);
        answer = writeInferResponse(await serving.infer(whole), request.raw.length > 0);
      } catch (error) {
        callback(grpcError(error));
        return;
      } finally {
        release?.();
      }
      callback(null, answer);
    };
    void run();
  };
}

/** Requests run side by side, answers come as they are ready; a request that fails answers with `error_message` and the stream goes on. */
export function streamInfer({
  serving,
  authorize,
  tokens,
  bodies,
}: GrpcInferDeps): handleBidiStreamingCall<Buffer, Buffer> {
  return (stream: ServerDuplexStream<Buffer, Buffer>) => {
    try {
      authorize(stream.metadata);
    } catch (error) {
      stream.emit('error', grpcError(error));
      return;
    }
    const signal = leaving(stream);
    let running = 0;
    let ended = false;
    let full = false;

    function flow(): void {
      // A stream that has nothing under way reads on in any case, or it would wait for others for ever.
      if (full || running >= STREAM_IN_FLIGHT || (running > 0 && !bodies.room)) stream.pause();
      else if (stream.isPaused()) stream.resume();
      if (ended && running === 0) stream.end();
    }

    function say(message: Buffer): void {
      if (signal.aborted || stream.writableEnded) return;
      full = !stream.write(message);
    }

    async function one(bytes: Buffer): Promise<void> {
      let id = '';
      let release: (() => void) | undefined;
      try {
        release = bodies.hold(bytes.length);
        const request = readInferRequest(bytes);
        ({ id } = request);
        const whole = callOf(request, stream, tokens);
        whole.signal = signal;
        say(writeStreamAnswer(await serving.infer(whole), request.raw.length > 0));
      } catch (error) {
        say(writeStreamError(errorText(error).text, id));
      } finally {
        release?.();
      }
    }

    stream.on('data', (bytes: Buffer) => {
      running += 1;
      flow();
      void one(bytes).finally(() => {
        running -= 1;
        flow();
      });
    });
    stream.on('drain', () => {
      full = false;
      flow();
    });
    stream.on('end', () => {
      ended = true;
      flow();
    });
    // The client is gone: there is nobody to tell.
    stream.on('error', () => undefined);
  };
}

/** For `authorize`. */
export function unauthenticated(): MillwrightError {
  return new MillwrightError('MW-UNAUTHENTICATED', 'a bearer token is needed', {
    where: 'authorization',
    next: 'make one with: mw token create',
  });
}
