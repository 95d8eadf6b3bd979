/** The Open Inference Protocol V2 over gRPC with Triton's extensions, and grpc.health.v1. Messages up to 64 MiB: the libraries' 4 MiB break tabular batches. */
import { fileURLToPath } from 'node:url';
import { loadPackageDefinition, Server, ServerCredentials } from '@grpc/grpc-js';
import type {
  GrpcObject,
  handleUnaryCall,
  Metadata,
  ServerInterceptor,
  ServiceClientConstructor,
  ServiceDefinition,
  UntypedHandleCall,
} from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { MillwrightError } from '../../domain/errors.ts';
import { versionOf } from './call-options.ts';
import { createGrpcBodies } from './grpc-bodies.ts';
import { healthHandlers } from './grpc-health.ts';
import { streamInfer, unaryInfer, unauthenticated } from './grpc-infer.ts';
import { grpcError } from './grpc-status.ts';
import { widenWindows } from './grpc-window.ts';
import { modelConfig } from './model-config.ts';
import { modelMetadata, SERVER_EXTENSIONS } from './models.ts';
import { isModelReady, loadModel, repositoryIndex } from './repository.ts';
import type { RestDeps } from './rest.ts';
import { LOG_SETTINGS, refuseSettings, refuseSharedMemory, TRACE_SETTINGS } from './server-settings.ts';
import { statistics } from './statistics.ts';

const MESSAGE_LIMIT = 64 * 1024 * 1024;
/** Calls of one connection at once; more wait in the client. */
const STREAMS_LIMIT = 1024;

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

const asIs = (bytes: Buffer): Buffer => bytes;

/** The service with the two calls of the hot path left as bytes: their handlers read and write them by hand. */
function serverDefinition(): ServiceDefinition {
  const { service } = inferenceService();
  const entries = Object.entries(service).map(([name, method]) =>
    name === 'ModelInfer' || name === 'ModelStreamInfer'
      ? [name, { ...method, requestDeserialize: asIs, responseSerialize: asIs }]
      : [name, method],
  );
  return Object.fromEntries(entries);
}

/** A handler from a function: errors become statuses, once. */
function unary<Q, A>(
  work: (request: Q) => Promise<A> | A,
  authorize: (metadata: Metadata) => void,
): handleUnaryCall<Q, A> {
  return (call, callback) => {
    const run = async (): Promise<void> => {
      let answer: A;
      try {
        authorize(call.metadata);
        answer = await work(call.request);
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
  /** What looks on at every call (grpc-observe.ts). */
  readonly interceptors?: readonly ServerInterceptor[];
  /** Bytes of one message; default 64 MiB. */
  readonly messageLimit?: number;
}

interface NamedRequest {
  readonly name: string;
  readonly version: string;
}
interface RepositoryRequest {
  readonly model_name: string;
  readonly parameters: Readonly<Record<string, unknown>>;
}
interface SettingsRequest {
  readonly settings: Readonly<Record<string, unknown>>;
}

const logSetting = (value: boolean | number | string) =>
  typeof value === 'boolean'
    ? { bool_param: value }
    : typeof value === 'number'
      ? { uint32_param: value }
      : { string_param: value };

/** Not bound yet: `bindAsync(address, ServerCredentials.createInsecure(), …)` by the caller. */
export function createGrpcServer(deps: GrpcDeps): Server {
  const { serving } = deps;
  const limit = deps.messageLimit ?? MESSAGE_LIMIT;
  const open = (): void => undefined;
  const authorize = (metadata: Metadata): void => {
    if (deps.tokenCheck === undefined) return;
    const [given] = metadata.get('authorization');
    if (!deps.tokenCheck(typeof given === 'string' ? given : undefined)) throw unauthenticated();
  };
  const bodies = createGrpcBodies(authorize);
  const server = new Server({
    'grpc.max_receive_message_length': limit,
    'grpc.max_send_message_length': limit,
    'grpc.max_concurrent_streams': STREAMS_LIMIT,
    // Without it a second gateway would bind the same port and take half of the connections.
    'grpc.so_reuseport': 0,
    interceptors: [bodies.interceptor, ...(deps.interceptors ?? [])],
  });
  widenWindows(server);
  const checked = <Q, A>(work: (request: Q) => Promise<A> | A): handleUnaryCall<Q, A> => unary(work, authorize);
  const noRegions = checked(({ name }: { readonly name: string }) =>
    name === '' ? { regions: {} } : refuseSharedMemory(name),
  );
  const noRegister = checked(({ name }: { readonly name: string }) => refuseSharedMemory(name));
  const infer = { serving, authorize, tokens: deps.tokenCheck !== undefined, bodies };
  const handlers: Record<string, UntypedHandleCall> = {
    ServerLive: unary(() => ({ live: true }), open),
    ServerReady: unary(() => ({ ready: deps.ready() }), open),
    ModelReady: checked(({ name, version }: NamedRequest) => ({
      ready: isModelReady(serving, name, versionOf(version)) && deps.ready(),
    })),
    ServerMetadata: checked(() => ({ name: 'millwright', version: deps.version, extensions: SERVER_EXTENSIONS })),
    ModelMetadata: checked(({ name, version }: NamedRequest) => modelMetadata(serving, name, versionOf(version))),
    ModelInfer: unaryInfer(infer),
    ModelStreamInfer: streamInfer(infer),
    ModelConfig: checked(({ name, version }: NamedRequest) => {
      const config = modelConfig(serving, name, versionOf(version));
      // 2 = KIND_CPU; the schema here has numbers, because the enum's name is one level down in the public one.
      return { config: { ...config, instance_group: config.instance_group.map((group) => ({ ...group, kind: 2 })) } };
    }),
    ModelStatistics: checked(({ name, version }: NamedRequest) =>
      statistics(serving, name === '' ? undefined : name, versionOf(version)),
    ),
    RepositoryIndex: checked(({ ready }: { readonly ready: boolean }) => ({ models: repositoryIndex(serving, ready) })),
    RepositoryModelLoad: checked(async ({ model_name: name, parameters }: RepositoryRequest) => {
      await loadModel(serving, name, Object.keys(parameters));
      return {};
    }),
    RepositoryModelUnload: checked(async ({ model_name: name }: RepositoryRequest) => {
      await serving.unload(name);
      return {};
    }),
    SystemSharedMemoryStatus: noRegions,
    SystemSharedMemoryRegister: noRegister,
    SystemSharedMemoryUnregister: checked(() => ({})),
    CudaSharedMemoryStatus: noRegions,
    CudaSharedMemoryRegister: noRegister,
    CudaSharedMemoryUnregister: checked(() => ({})),
    TraceSetting: checked(({ settings }: SettingsRequest) => {
      refuseSettings(Object.keys(settings), 'trace');
      return {
        settings: Object.fromEntries(Object.entries(TRACE_SETTINGS).map(([name, value]) => [name, { value }])),
      };
    }),
    LogSettings: checked(({ settings }: SettingsRequest) => {
      refuseSettings(Object.keys(settings), 'log');
      return {
        settings: Object.fromEntries(Object.entries(LOG_SETTINGS).map(([name, value]) => [name, logSetting(value)])),
      };
    }),
  };
  server.addService(serverDefinition(), handlers);
  server.addService(healthService().service, { ...healthHandlers({ serving, ready: deps.ready }) });
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
