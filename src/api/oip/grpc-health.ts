/** grpc.health.v1: https://github.com/grpc/grpc/blob/master/doc/health-checking.md. The services are the server as a whole and each endpoint. */
import { status } from '@grpc/grpc-js';
import type { sendUnaryData, ServerUnaryCall, ServerWritableStream, UntypedHandleCall } from '@grpc/grpc-js';
import { MillwrightError } from '../../domain/errors.ts';
import type { Serving } from '../../modules/serving/index.ts';
import { grpcError } from './grpc-status.ts';
import { isModelReady } from './repository.ts';

interface HealthRequest {
  readonly service: string;
}
interface HealthResponse {
  readonly status: 'SERVING' | 'NOT_SERVING' | 'SERVICE_UNKNOWN';
}

const WHOLE = new Set(['', 'inference.GRPCInferenceService', 'grpc.health.v1.Health']);
/** Watchers hear of a change after this long at most. */
const LOOK_MS = 100;

export interface HealthDeps {
  readonly serving: Serving;
  readonly ready: () => boolean;
}

function stateOf({ serving, ready }: HealthDeps, service: string): HealthResponse['status'] {
  if (WHOLE.has(service)) return ready() ? 'SERVING' : 'NOT_SERVING';
  if (!serving.endpoints().some((entry) => entry.endpoint === service)) return 'SERVICE_UNKNOWN';
  return ready() && isModelReady(serving, service, undefined) ? 'SERVING' : 'NOT_SERVING';
}

/** Watch gives the state at once and at each change; when the server drains it says so and ends, so that the server can. */
export function healthHandlers(deps: HealthDeps): Readonly<Record<'Check' | 'Watch', UntypedHandleCall>> {
  const watching = new Map<ServerWritableStream<HealthRequest, HealthResponse>, HealthResponse['status']>();
  let timer: NodeJS.Timeout | undefined;
  let wasReady = false;

  function look(): void {
    const draining = wasReady && !deps.ready();
    wasReady = deps.ready();
    for (const [call, said] of watching) {
      const now = stateOf(deps, call.request.service);
      if (now !== said) {
        watching.set(call, now);
        call.write({ status: now });
      }
      if (!draining) continue;
      watching.delete(call);
      call.emit('error', { code: status.UNAVAILABLE, details: 'the server is draining' });
    }
    if (watching.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  }

  return {
    Check(call: ServerUnaryCall<HealthRequest, HealthResponse>, callback: sendUnaryData<HealthResponse>) {
      const state = stateOf(deps, call.request.service);
      if (state === 'SERVICE_UNKNOWN')
        callback(grpcError(new MillwrightError('MW-NOT-FOUND', `there is no service "${call.request.service}"`)));
      else callback(null, { status: state });
    },
    Watch(call: ServerWritableStream<HealthRequest, HealthResponse>) {
      const state = stateOf(deps, call.request.service);
      watching.set(call, state);
      wasReady = deps.ready();
      call.write({ status: state });
      call.on('cancelled', () => watching.delete(call));
      timer ??= setInterval(look, LOOK_MS).unref();
    },
  };
}
