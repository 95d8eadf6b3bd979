/** Open Inference Protocol V2 over gRPC, from the same .proto file that the server reads. */
import { fileURLToPath } from 'node:url';
import { credentials, loadPackageDefinition, Metadata } from '@grpc/grpc-js';
import type { Client, GrpcObject, ServiceClientConstructor } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { CodedError } from '../../platform/coded-error.ts';
import { datatypeOf, versionOf } from './infer-call.ts';
import type { InferCall, InferSender } from './infer-call.ts';

const TIMEOUT_MS = 10_000;
const MESSAGE_LIMIT = 64 * 1024 * 1024;

function inferenceClient(): ServiceClientConstructor {
  const file = fileURLToPath(new URL('../../../proto/inference.proto', import.meta.url));
  let node: GrpcObject[string] | undefined = loadPackageDefinition(
    loadSync(file, { keepCase: true, longs: Number, defaults: true }),
  );
  for (const part of ['inference', 'GRPCInferenceService']) {
    node = typeof node === 'object' && part in node ? Reflect.get(node, part) : undefined;
  }
  if (typeof node !== 'function')
    throw new CodedError('MW-INTERNAL', 'inference.proto has no service GRPCInferenceService');
  return node;
}

function grpcRequest(endpoint: string, { id, moment }: InferCall): object {
  return {
    model_name: endpoint,
    id,
    parameters: { event_time: { int64_param: moment.at } },
    inputs: Object.entries(moment.inputs).map(([name, data]) => ({
      name,
      datatype: datatypeOf(data),
      shape: [moment.rows, 1],
      contents:
        datatypeOf(data) === 'BYTES'
          ? { bytes_contents: data.map((value) => Buffer.from(String(value))) }
          : { fp32_contents: data.map((value) => value ?? Number.NaN) },
    })),
  };
}

function modelVersion(answer: unknown): number {
  return versionOf(typeof answer === 'object' && answer !== null ? Reflect.get(answer, 'model_version') : undefined);
}

/** `address`: `host:port`; a scheme before it is dropped. */
export function grpcSender(
  address: string,
  endpoint: string,
  headers: Readonly<Record<string, string>> = {},
): InferSender {
  const Service = inferenceClient();
  const client: Client = new Service(address.replace(/^[a-z]+:\/\//, ''), credentials.createInsecure(), {
    'grpc.max_receive_message_length': MESSAGE_LIMIT,
    // a proxy of the environment must not see calls to this machine
    'grpc.enable_http_proxy': 0,
  });
  const method = Service.service['ModelInfer'];
  if (method === undefined) throw new CodedError('MW-INTERNAL', 'inference.proto has no ModelInfer');
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(headers)) metadata.set(name, value);
  return {
    protocol: 'gRPC',
    send: (call) =>
      new Promise((resolve, reject) => {
        client.makeUnaryRequest(
          method.path,
          method.requestSerialize,
          method.responseDeserialize,
          grpcRequest(endpoint, call),
          metadata,
          { deadline: Date.now() + TIMEOUT_MS },
          (error, answer) => {
            if (error === null) resolve(modelVersion(answer));
            else
              reject(new CodedError('MW-UNAVAILABLE', `gRPC answered ${error.code}: ${error.details.slice(0, 300)}`));
          },
        );
      }),
    close: () => client.close(),
  };
}
