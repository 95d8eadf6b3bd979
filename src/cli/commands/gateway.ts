import { followControlPlane } from '../../app/follow-gateway.ts';
import { replaceGateway } from '../../app/replace-gateway.ts';
import { MillwrightError } from '../../domain/errors.ts';
import { numberFlag } from '../number-flag.ts';
import { untilAsked } from '../until-asked.ts';
import { type Flags, type Session, textFlag } from '../session.ts';

async function replace({ config, out }: Session): Promise<void> {
  const { before, after } = await replaceGateway(config);
  out.result({ before, after }, () => [
    `the data plane ${before.pid} gave its place to ${after.pid}; no connection was dropped`,
    `  inference  ${after.rest}  gRPC ${after.grpc}`,
  ]);
}

async function follow({ config, out }: Session, url: string, flags: Flags): Promise<void> {
  const name = textFlag(flags, 'name');
  const workers = numberFlag(flags, 'workers', '--workers', 1);
  const gateway = await followControlPlane(config, {
    url,
    restPort: numberFlag(flags, 'port', '--port', 0) ?? config.restPort,
    grpcPort: config.grpcPort,
    ...(name === undefined ? {} : { name }),
    ...(workers === undefined ? {} : { workers }),
  });
  const { rest, grpc, endpoints } = gateway;
  out.result({ name: gateway.name, rest, grpc, endpoints, follows: url, pid: process.pid }, () => [
    `${out.paint.bold(gateway.name)} follows ${url}`,
    `  inference  ${gateway.rest}  gRPC ${gateway.grpc}`,
    gateway.endpoints.length === 0 ? '  no endpoint yet' : `  endpoints  ${gateway.endpoints.join(', ')}`,
    out.paint.dim('Ctrl+C ends it after its last answer; without the control plane it serves on'),
  ]);
  await untilAsked(out, (reason) => gateway.end(reason));
}

export async function run(session: Session, args: readonly string[], flags: Flags): Promise<void> {
  const url = textFlag(flags, 'follow');
  if (url !== undefined) {
    if (!/^https?:\/\//.test(url) || !URL.canParse(url))
      throw new MillwrightError('MW-USAGE', 'the address of the control plane is http://host:port', {
        where: '--follow',
      });
    await follow(session, url, flags);
    return;
  }
  const [action] = args;
  if (action === 'replace') {
    await replace(session);
    return;
  }
  throw new MillwrightError(
    'MW-USAGE',
    action === undefined ? 'what should the gateway do?' : `there is no mw gateway ${action.slice(0, 40)}`,
    {
      where: 'action',
      next: 'mw gateway replace, or mw gateway --follow http://control:5000',
    },
  );
}
