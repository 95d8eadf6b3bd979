/** One thread of the ceiling: a session and nothing else. */
import { parentPort, workerData } from 'node:worker_threads';
import { InferenceSession, Tensor } from 'onnxruntime-node';

const { path } = workerData as { path: string };
const session = await InferenceSession.create(path, {
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
  logSeverityLevel: 3,
});

interface Feed {
  readonly name: string;
  readonly type: Tensor.Type;
  readonly dims: readonly number[];
  readonly data: Float32Array;
}

async function run({ id, feeds }: { id: number; feeds: readonly Feed[] }): Promise<void> {
  const named: Record<string, Tensor> = {};
  for (const feed of feeds) named[feed.name] = new Tensor(feed.type, feed.data, feed.dims);
  const outputs = await session.run(named);
  parentPort?.postMessage({
    id,
    outputs: session.outputNames.map((name) => ({ name, dims: outputs[name]?.dims, data: outputs[name]?.data })),
  });
}

parentPort?.on('message', (job: { id: number; feeds: readonly Feed[] }) => void run(job));
parentPort?.postMessage({ ready: true });
