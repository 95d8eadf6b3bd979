/**
 * The ceiling of one process: bare node:http, JSON.parse, onnxruntime-node in the same thread, JSON out. No routing, no checks, no
 * versions, no log, no ids. `node ceiling-inline.ts <model>` prints its port.
 */
import { createServer } from 'node:http';
import type { ServerResponse } from 'node:http';
import { InferenceSession, Tensor } from 'onnxruntime-node';

const session = await InferenceSession.create(process.argv[2] ?? '', {
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
  logSeverityLevel: 3,
});

interface Body {
  readonly inputs: readonly {
    readonly name: string;
    readonly datatype: string;
    readonly shape: readonly number[];
    readonly data: readonly never[];
  }[];
}

async function answer(response: ServerResponse, body: string): Promise<void> {
  const { inputs } = JSON.parse(body) as Body;
  const feeds: Record<string, Tensor> = {};
  for (const { name, datatype, shape, data } of inputs) {
    feeds[name] =
      datatype === 'FP32'
        ? new Tensor('float32', Float32Array.from(data), shape)
        : datatype === 'INT64'
          ? new Tensor('int64', BigInt64Array.from(data, BigInt), shape)
          : new Tensor('string', data, shape);
  }
  const results = await session.run(feeds);
  const outputs = session.outputNames.map((name) => {
    const output = results[name];
    return { name, shape: output?.dims, data: Array.from(output?.data ?? [], Number) };
  });
  const text = JSON.stringify({ outputs });
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) });
  response.end(text);
}

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    void answer(response, Buffer.concat(chunks).toString('utf8'));
  });
});
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  process.stdout.write(`${JSON.stringify({ port: typeof address === 'object' ? address?.port : 0 })}\n`);
});
