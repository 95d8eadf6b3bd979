import { it } from 'vitest';
import { flow } from './client-flow.ts';
import { LAST_2 } from './python-client.ts';

it('the last client of 2.x does the same', { timeout: 900_000 }, async ({ skip }) => {
  await flow(LAST_2, 'client_flow.py', 8, skip);
});
