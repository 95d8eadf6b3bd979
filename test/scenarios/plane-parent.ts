/** A stand-in for the control plane: starts a gateway, routes to it, says where it is, and waits to be killed. */
import { createDataPlaneProcess } from '../../src/adapters/data-plane-process/index.ts';
import { GATEWAY, linearRoute } from './plane-harness.ts';

const [home = ''] = process.argv.slice(2);
const plane = createDataPlaneProcess({
  home,
  command: GATEWAY,
  host: '127.0.0.1',
  restPort: 0,
  grpcPort: 0,
  workers: 1,
});
const { status } = await plane.start();
await plane.apply(await linearRoute(1, [{ releaseId: 'linear-r3', percent: 100 }], [3]));
process.stdout.write(`${JSON.stringify({ rest: status.rest, pid: status.pid })}\n`);
setInterval(() => undefined, 1000);
