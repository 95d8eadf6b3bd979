import { MillwrightError } from '../../domain/errors.ts';
import { unwrap } from '../client/client.ts';
import type { Session } from '../session.ts';

export async function run({ api, out }: Session, args: readonly string[]): Promise<void> {
  const id = args[0];
  if (id === undefined) throw new MillwrightError('MW-USAGE', 'which run?', { next: 'mw runs --pipelines' });
  const client = await api();
  await unwrap(client.POST('/api/v1/pipeline-runs/{id}/cancel', { params: { path: { id } } }));
  out.result({ cancelled: id }, () => [`${id} is cancelled; none of its processes is left.`]);
}
