/** A control plane as the followers see it: a local gateway, the fleet and its door; routes come as JSON lines on standard input. */
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import Fastify from 'fastify';
import { createFleet } from '../../src/adapters/data-plane-fleet/index.ts';
import { createDataPlaneProcess } from '../../src/adapters/data-plane-process/index.ts';
import { registerPlane } from '../../src/api/plane/routes.ts';
import { createPartKeeper, readFrom } from '../../src/app/plane-door-files.ts';
import { errorBody, MillwrightError, recognized } from '../../src/domain/errors.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { GATEWAY } from './plane-harness.ts';

const [home = '', port = '0', token = ''] = process.argv.slice(2);
const fleet = createFleet(
  createDataPlaneProcess({ home, command: GATEWAY, host: '127.0.0.1', restPort: 0, grpcPort: 0, workers: 1 }),
  { clock: systemClock },
);
const { status } = await fleet.start();
const app = Fastify();
app.setErrorHandler((error, _request, reply) => {
  const coded = recognized(error) ?? new MillwrightError('MW-INTERNAL', String(error));
  return reply.status(coded.kind.status).send(errorBody(coded));
});
await registerPlane(app, {
  fleet,
  authorize: async ({ headers }) => {
    if (headers.authorization !== `Bearer ${token}`) throw new MillwrightError('MW-UNAUTHENTICATED', 'no');
  },
  readFrom,
  keepPart: createPartKeeper(join(home, 'predictions')),
});
const address = await app.listen({ port: Number(port), host: '127.0.0.1' });
const say = (value: unknown): void => void process.stdout.write(`${JSON.stringify(value)}\n`);
say({ rest: status.rest, port: Number(new URL(address).port) });

for await (const line of createInterface({ input: process.stdin })) {
  const asked = JSON.parse(line) as { do: 'apply' | 'status' | 'followers' | 'stop'; route?: never };
  try {
    if (asked.do === 'apply' && asked.route !== undefined) {
      await fleet.apply(asked.route);
      say({ done: true });
    } else if (asked.do === 'status') say(await fleet.status());
    else if (asked.do === 'followers') say(fleet.followers());
    else {
      await app.close();
      await fleet.stop();
      say({ done: true });
      process.exit(0);
    }
  } catch (error) {
    say(errorBody(error instanceof MillwrightError ? error : new MillwrightError('MW-INTERNAL', String(error))));
  }
}
