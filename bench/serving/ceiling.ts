/**
 * The ceiling that the gateway is measured against: bare node:http, JSON.parse, a worker thread with onnxruntime-node, JSON out.
 * No routing, no checks, no versions, no log, no ids. `node ceiling.ts <model> <workers>` prints its port.
 */
import { createServer } from 'node:http';
import { Worker } from 'node:worker_threads';

const [path = '', count = '1'] = process.argv.slice(2);
const waiting = new Map<
  number,
  (outputs: readonly { name: string; dims: readonly number[]; data: ArrayLike<number | bigint> }[]) => void
>();
const workers = Array.from(
  { length: Number(count) },
  () => new Worker(new URL('./ceiling-worker.ts', import.meta.url), { workerData: { path } }),
);
await Promise.all(workers.map((worker) => new Promise((resolve) => worker.once('message', resolve))));
for (const worker of workers) {
  worker.on('message', ({ id, outputs }) => {
    waiting.get(id)?.(outputs);
    waiting.delete(id);
  });
}
const TYPES: Record<string, string> = { FP32: 'float32', BYTES: 'string', INT64: 'int64' };
let next = 0;

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const body = JSON.parse(Buffer.concat(chunks).toString('utf8')) as {
      inputs: { name: string; datatype: string; shape: number[]; data: never[] }[];
    };
    const feeds = body.inputs.map((input) => ({
      name: input.name,
      type: TYPES[input.datatype],
      dims: input.shape,
      data:
        input.datatype === 'FP32'
          ? Float32Array.from(input.data)
          : input.datatype === 'INT64'
            ? BigInt64Array.from(input.data, BigInt)
            : input.data,
    }));
    next += 1;
    waiting.set(next, (outputs) => {
      const text = JSON.stringify({
        outputs: outputs.map(({ name, dims, data }) => ({ name, shape: dims, data: Array.from(data, Number) })),
      });
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) });
      response.end(text);
    });
    workers[next % workers.length]?.postMessage({ id: next, feeds });
  });
});
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  process.stdout.write(`${JSON.stringify({ port: typeof address === 'object' ? address?.port : 0 })}\n`);
});
