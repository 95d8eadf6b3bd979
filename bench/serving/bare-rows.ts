/** Rows a second of onnxruntime-node with nothing around it: `node bare-rows.ts <model> <rows> <seconds>` prints the number. */
import { InferenceSession, Tensor } from 'onnxruntime-node';

const [path = '', rows = '1000', seconds = '2'] = process.argv.slice(2);
const session = await InferenceSession.create(path, {
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
  logSeverityLevel: 3,
});
const [name = ''] = session.inputNames;
const count = Number(rows);
const data = Float32Array.from({ length: count * 20 }, (_, index) => Math.sin(index));
const until = performance.now() + Number(seconds) * 1000;
let runs = 0;
while (performance.now() < until) {
  await session.run({ [name]: new Tensor('float32', data, [count, 20]) });
  runs += 1;
}
process.stdout.write(`${Math.round((runs * count) / Number(seconds))}\n`);
