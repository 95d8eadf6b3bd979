/** The Open Inference Protocol V2 over gRPC, and grpc.health.v1. Messages up to 64 MiB: the libraries' 4 MiB break tabular batches. */
import { fileURLToPath } from 'node:url';
import { loadPackageDefinition, Server, ServerCredentials, status } from '@grpc/grpc-js';
import type {
  GrpcObject,
  handleUnaryCall,
  ServiceClientConstructor,
  ServiceError,
  UntypedHandleCall,
  Metadata,
} from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { MillwrightError } from '../../domain/errors.ts';
import { errorText, versionOf } from './call-options.ts';
import { inferCallOf, inferResponseOf } from './grpc-messages.ts';
import type { GrpcInferRequest, GrpcInferResponse } from './grpc-messages.ts';
import { modelMetadata, repositoryIndex, SERVER_EXTENSIONS } from './models.ts';
import type { RestDeps } from './rest.ts';

const GRPC_MESSAGE_LIMIT = 64 * 1024 * 1024;

function protoFile(name: string): string {
  return fileURLToPath(new URL(`../../../proto/${name}`, import.meta.url));
}

function serviceOf(file: string, packageName: readonly string[], service: string): ServiceClientConstructor {
  const loaded = loadPackageDefinition(
    loadSync(protoFile(file), { keepCase: true, longs: String, enums: String, defaults: true, oneofs: true }),
  );
  let node: GrpcObject[string] | undefined = loaded;
  for (const part of [...packageName, service])
    node = typeof node === 'object' && part in node ? Reflect.get(node, part) : undefined;
  if (typeof node !== 'function') throw new MillwrightError('MW-INTERNAL', `${file} has no service ${service}`);
  return node;
}

/** The client and the server of the inference service, from the same file. */
export const inferenceService = (): ServiceClientConstructor =>
  serviceOf('inference.proto', ['inference'], 'GRPCInferenceService');
const healthService = (): ServiceClientConstructor => serviceOf('health.proto', ['grpc', 'health', 'v1'], 'Health');

const STATUS: Readonly<Record<number, status>> = {
  400: status.INVALID_ARGUMENT,
  401: status.UNAUTHENTICATED,
  403: status.PERMISSION_DENIED,
  404: status.NOT_FOUND,
  409: status.FAILED_PRECONDITION,
  413: status.RESOURCE_EXHAUSTED,
  422: status.FAILED_PRECONDITION,
  429: status.RESOURCE_EXHAUSTED,
  503: status.UNAVAILABLE,
  504: status.DEADLINE_EXCEEDED,
};

function grpcError(error: unknown): Partial<ServiceError> {
  const { status: http, text } = errorText(error);
  return { code: STATUS[http] ?? status.INTERNAL, details: text };
}

/** A handler from a function: errors become statuses, once. */
function unary<Q, A>(
  work: (request: Q, metadata: Metadata) => Promise<A> | A,
  authorized: (metadata: Metadata) => boolean,
): handleUnaryCall<Q, A> {
  return (call, callback) => {
    const run = async (): Promise<void> => {
      let answer: A;
      try {
        if (!authorized(call.metadata))
          throw new MillwrightError('MW-UNAUTHENTICATED', 'a bearer token is needed', { where: 'authorization' });
        answer = await work(call.request, call.metadata);
      } catch (error) {
        callback(grpcError(error));
        return;
      }
      callback(null, answer);
    };
    void run();
  };
}

export interface GrpcDeps extends RestDeps {
  readonly tokenCheck?: (authorization: string | undefined) => boolean;
}

interface NamedRequest {
  readonly name: string;
  readonly version: string;
}

/** Not bound yet: `bindAsync(address, ServerCredentials.createInsecure(), …)` by the caller. */
export function createGrpcServer(deps: GrpcDeps): Server {
  const { serving } = deps;
  const server = new Server({
    'grpc.max_receive_message_length': GRPC_MESSAGE_LIMIT,
    'grpc.max_send_message_length': GRPC_MESSAGE_LIMIT,
    // Without it a second gateway would bind the same port and take half of the connections.
    'grpc.so_reuseport': 0,
  });
  const open = (): boolean => true;
  const checked = (metadata: Metadata): boolean => {
    const given = metadata.get('authorization')[0];
    return deps.tokenCheck === undefined || deps.tokenCheck(typeof given === 'string' ? given : undefined);
  };
  const infer = async (request: GrpcInferRequest): Promise<GrpcInferResponse> => {
    const raw = (request.raw_input_contents?.length ?? 0) > 0;
    return inferResponseOf(await serving.infer(inferCallOf(request)), raw);
  };
  const handlers: Record<string, UntypedHandleCall> = {
    ServerLive: unary(() => ({ live: true }), open),
    ServerReady: unary(() => ({ ready: deps.ready() }), open),
    ModelReady: unary(({ name, version }: NamedRequest) => {
      serving.signature(name, versionOf(version));
      return { ready: deps.ready() };
    }, checked),
    ServerMetadata: unary(
      () => ({ name: 'millwright', version: deps.version, extensions: SERVER_EXTENSIONS }),
      checked,
    ),
    ModelMetadata: unary(
      ({ name, version }: NamedRequest) => modelMetadata(serving, name, versionOf(version)),
      checked,
    ),
    ModelInfer: unary(infer, checked),
    RepositoryIndex: unary(() => ({ models: repositoryIndex(serving) }), checked),
  };
  server.addService(inferenceService().service, handlers);
  const check = unary(() => ({ status: deps.ready() ? 'SERVING' : 'NOT_SERVING' }), open);
  const watch: UntypedHandleCall = (call: unknown) => {
    // One status and then silence until the client leaves: the state of this process changes only when it ends.
    if (typeof call === 'object' && call !== null && 'write' in call && typeof call.write === 'function')
      call.write({ status: deps.ready() ? 'SERVING' : 'NOT_SERVING' });
  };
  server.addService(healthService().service, { Check: check, Watch: watch });
  return server;
}

/** The port it listens on. Throws MW-PORT-TAKEN. */
export function listenGrpc(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(`${host}:${port}`, ServerCredentials.createInsecure(), (error, bound) => {
      if (error === null) resolve(bound);
      else {
        reject(
          new MillwrightError('MW-PORT-TAKEN', `gRPC port ${port} on ${host} cannot be opened: ${error.message}`, {
            where: `${host}:${port}`,
            next: `choose another with --grpc-port, or see what holds it: ss -ltnp 'sport = :${port}'`,
            cause: error,
          }),
        );
      }
    });
  });
}
