/** Large batches: binary tensors over REST and gRPC against JSON and against the bare engine, in rows a second. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Entry, figure, median } from '../figures.ts';
import { fireGrpc } from '../serving/grpc-load.ts';
import { fire } from '../serving/serving.ts';
import { boostingBody, stateModels } from '../serving/state-model.ts';
import { startGateway } from '../serving/subjects.ts';

const ROWS = 1000;
const CALLERS = 8;

export const servingBinary: Entry = async ({ quick, dist }) => {
  const { boosting } = await stateModels();
  const [rounds, seconds] = quick ? [3, 2] : [5, 4];
  const bareFile = fileURLToPath(new URL('../serving/bare-rows.ts', import.meta.url));
  const gateway = await startGateway(boosting, 1, [join(dist, 'app', 'gateway.js')]);
  try {
    const json = boostingBody(ROWS);
    const values = Float32Array.from((JSON.parse(json) as { inputs: { data: number[] }[] }).inputs[0]?.data ?? []);
    const raw = Buffer.from(values.buffer);
    const tensor = { name: 'X', datatype: 'FP32', shape: [ROWS, 20] };
    const head = Buffer.from(
      JSON.stringify({
        parameters: { binary_data_output: true },
        inputs: [{ ...tensor, parameters: { binary_data_size: raw.length } }],
      }),
    );
    const binary = Buffer.concat([head, raw]);
    const headers = {
      'content-type': 'application/octet-stream',
      'inference-header-content-length': String(head.length),
    };
    const message = { model_name: 'bench', inputs: [tensor], raw_input_contents: [raw] };
    const seen: Record<'bare' | 'json' | 'rest' | 'grpc', number[]> = { bare: [], json: [], rest: [], grpc: [] };
    for (let round = 0; round < rounds; round += 1) {
      seen.bare.push(
        Number(
          execFileSync(process.execPath, [bareFile, boosting, String(ROWS), String(seconds)], { encoding: 'utf8' }),
        ),
      );
      const [text, octets] = [
        await fire(gateway.url, json, seconds, CALLERS),
        await fire(gateway.url, binary, seconds, CALLERS, { headers }),
      ];
      if (text.failed + octets.failed > 0) throw new Error('requests failed');
      seen.json.push(text.rps * ROWS);
      seen.rest.push(octets.rps * ROWS);
      seen.grpc.push((await fireGrpc(gateway.grpc, message, seconds, CALLERS)) * ROWS);
    }
    const of = (key: keyof typeof seen): number => median(seen[key]);
    const against = (what: 'JSON' | 'bare onnxruntime-node', value: number) => ({ what, value });
    return [
      figure('bare onnxruntime-node, 1,000 rows', of('bare'), 'rows/s'),
      figure('REST JSON, 1,000 rows', of('json'), 'rows/s', against('bare onnxruntime-node', of('bare'))),
      figure('REST binary, 1,000 rows', of('rest'), 'rows/s', against('JSON', of('json'))),
      figure(
        'REST binary, 1,000 rows, of the engine',
        of('rest'),
        'rows/s',
        against('bare onnxruntime-node', of('bare')),
      ),
      figure('gRPC raw, 1,000 rows', of('grpc'), 'rows/s', against('JSON', of('json'))),
      figure('gRPC raw, 1,000 rows, of the engine', of('grpc'), 'rows/s', against('bare onnxruntime-node', of('bare'))),
    ];
  } finally {
    await gateway.stop();
  }
};
