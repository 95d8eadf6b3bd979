/** `node --import no-log.ts gateway.js`: the same gateway, whose prediction log throws away what it is given. */
import { registerHooks } from 'node:module';

const STUB = `export function createPredictionLog() {
  return { add() {}, async flush() {}, counts: { written: 0, dropped: 0, pending: 0 }, async close() {} };
}`;

registerHooks({
  load: (url, context, next) =>
    /\/modules\/serving\/prediction-log\.[jt]s$/.test(url)
      ? { format: 'module', source: STUB, shortCircuit: true }
      : next(url, context),
});
