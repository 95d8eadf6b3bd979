/** The data plane as the pages see it: its last known addresses, its status if it answers, and one real request. */
import type { ApiDeps } from '../api/http/deps.ts';
import type { Config } from '../platform/config.ts';
import type { DataPlane, PlaneStatus } from '../ports/data-plane.ts';
import { inferOnce, inferRequest } from './plane-client.ts';
import { MillwrightError } from '../domain/errors.ts';

type PlaneView = ApiDeps['plane'] & {
  remember(status: PlaneStatus): { readonly rest: string; readonly grpc: string };
};

export function planeView(plane: DataPlane, config: Config): PlaneView {
  let addresses = { rest: `http://${config.host}:${config.restPort}`, grpc: `${config.host}:${config.grpcPort}` };
  const remember = (status: PlaneStatus) => {
    addresses = { rest: status.rest, grpc: status.grpc };
    return addresses;
  };
  const status = async (): Promise<PlaneStatus | undefined> => {
    try {
      const now = await plane.status();
      remember(now);
      return now;
    } catch {
      return undefined;
    }
  };
  return {
    status,
    remember,
    addresses: () => addresses,
    signature: (releaseId) => plane.signature(releaseId).catch(() => undefined),
    async infer(endpoint, rows) {
      const now = await plane.status();
      const release = now.stats.find((one) => one.endpoint === endpoint)?.releases[0];
      if (release === undefined)
        throw new MillwrightError('MW-NO-RELEASE', `endpoint "${endpoint}" serves nothing yet`, { next: 'mw deploy' });
      const signature = await plane.signature(release.releaseId);
      return inferOnce(
        addresses.rest,
        endpoint,
        inferRequest(signature, rows),
        config.requireToken ? config.token : undefined,
      );
    },
  };
}
