import type { Served } from '../../app/serve.ts';
import { serveModel } from '../../app/serve.ts';
import type { ModelSignature, TensorSpec } from '../../domain/registry.ts';
import { numberFlag } from '../number-flag.ts';
import { untilAsked } from '../until-asked.ts';
import { type Flags, type Session, textFlag } from '../session.ts';

const shape = (spec: TensorSpec): string => `[${spec.shape.map((size) => (size === -1 ? '?' : size)).join(', ')}]`;

/** One row of ones (texts: "a"), as a request that can be pasted. */
function exampleOf(signature: ModelSignature): string {
  const inputs = signature.inputs.map((input) => {
    const sizes = input.shape.map((size) => (size === -1 ? 1 : size));
    const count = Math.min(
      sizes.reduce((product, size) => product * size, 1),
      1024,
    );
    const value = input.datatype === 'BYTES' ? 'a' : input.datatype === 'BOOL' ? true : 1;
    return {
      name: input.name,
      datatype: input.datatype,
      shape: sizes,
      data: Array.from({ length: count }, () => value),
    };
  });
  return JSON.stringify({ inputs });
}

function lines(served: Served, config: Session['config'], paint: Session['out']['paint']): readonly string[] {
  const { signature } = served;
  const binary = signature.inputs.some(({ datatype }) => datatype === 'FP16' || datatype === 'BF16');
  const token =
    config.token === undefined || !config.requireToken ? '' : ` -H "authorization: Bearer $MILLWRIGHT_TOKEN"`;
  const url = `${served.rest}/v2/models/${served.name}`;
  return [
    `${paint.bold(served.name)} v${served.version}`,
    `  REST   ${url}`,
    `  gRPC   ${served.grpc}`,
    `  page   ${url}/docs`,
    ...signature.inputs.map((spec) => `  in     ${spec.name}  ${spec.datatype} ${shape(spec)}`),
    ...signature.outputs.map((spec) => `  out    ${spec.name}  ${spec.datatype} ${shape(spec)}`),
    '',
    binary
      ? `curl -s${token} ${url}`
      : `curl -s${token} ${url}/infer -H 'content-type: application/json' -d '${exampleOf(signature)}'`,
    '',
    paint.dim(`ready in ${served.readyMs} ms; Ctrl+C ends it after its last answer`),
  ];
}

const toldOf = ({ name, version, rest, grpc, signature, readyMs }: Served): object => ({
  name,
  version,
  rest,
  grpc,
  signature,
  readyMs,
  pid: process.pid,
});

export async function run({ config, out }: Session, args: readonly string[], flags: Flags): Promise<void> {
  const [target = ''] = args;
  const name = textFlag(flags, 'name');
  const workers = numberFlag(flags, 'workers', '--workers', 1);
  const log = textFlag(flags, 'log');
  const python = textFlag(flags, 'python') ?? config.python;
  const limit = {
    timeoutMs: numberFlag(flags, 'timeoutMs', '--timeout-ms', 1),
    queue: numberFlag(flags, 'queue', '--queue', 1),
    idleMs: numberFlag(flags, 'idleMs', '--idle-ms', 0),
    memoryMib: numberFlag(flags, 'memoryMib', '--memory-mib', 16),
    replicas: numberFlag(flags, 'replicas', '--replicas', 1),
    perSecond: numberFlag(flags, 'perClient', '--per-client', 0.001),
  };
  const served = await serveModel(config, {
    target,
    host: config.host,
    // Here --port is the model's: there is no control plane that could mean it.
    restPort: numberFlag(flags, 'port', '--port', 0) ?? config.restPort,
    grpcPort: config.grpcPort,
    isolate: flags['isolate'] === true,
    container: flags['container'] === true,
    limits: Object.fromEntries(Object.entries(limit).filter(([, value]) => value !== undefined)),
    ...(name === undefined ? {} : { name }),
    ...(workers === undefined ? {} : { workers }),
    ...(log === undefined ? {} : { log }),
    ...(python === undefined ? {} : { python }),
  });
  out.result(toldOf(served), () => lines(served, config, out.paint));
  await untilAsked(out, (reason) => served.end(reason));
}
