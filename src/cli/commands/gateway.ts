import { replaceGateway } from '../../app/replace-gateway.ts';
import { MillwrightError } from '../../domain/errors.ts';
import type { Flags, Session } from '../session.ts';

export async function run({ config, out }: Session, args: readonly string[], _flags: Flags): Promise<void> {
  const [action = ''] = args;
  if (action !== 'replace') {
    throw new MillwrightError('MW-USAGE', `there is no mw gateway ${action.slice(0, 40)}`, {
      where: 'action',
      next: 'mw gateway replace',
    });
  }
  const { before, after } = await replaceGateway(config);
  out.result({ before, after }, () => [
    `the data plane ${before.pid} gave its place to ${after.pid}; no connection was dropped`,
    `  inference  ${after.rest}  gRPC ${after.grpc}`,
  ]);
}
