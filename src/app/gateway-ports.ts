/** The two listening sockets of a gateway, opened here or taken over from the gateway before. */
import { createServer } from 'node:net';
import type { Server } from 'node:net';
import { ServerCredentials } from '@grpc/grpc-js';
import type { Server as GrpcServer } from '@grpc/grpc-js';
import { MillwrightError } from '../domain/errors.ts';

export type PortName = 'rest' | 'grpc';

/** Connections that may wait to be accepted: with Node's 511 a burst of new callers is answered a second later, when TCP tries again. */
const BACKLOG = 4096;

const LABEL = { rest: 'REST', grpc: 'gRPC' } as const;

const portOf = (server: Server, fallback: number): number => {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : fallback;
};

/** The port it listens on. Throws MW-PORT-TAKEN. */
function openPort(name: PortName, server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const failed = (error: Error): void =>
      reject(
        new MillwrightError(
          'MW-PORT-TAKEN',
          `${LABEL[name]} port ${port} on ${host} cannot be opened: ${error.message}`,
          {
            where: `${host}:${port}`,
            next: `choose another with --${name}-port, or see what holds it: ss -ltnp 'sport = :${port}'`,
            cause: error,
          },
        ),
      );
    server.once('error', failed);
    server.listen(port, host, BACKLOG, () => {
      server.off('error', failed);
      resolve(portOf(server, port));
    });
  });
}

/** On the asked port; when that is 0, on the one of the last time, where callers know it, unless somebody else has it now. */
export async function listenAgain(
  name: PortName,
  server: Server,
  host: string,
  ports: { readonly asked: number; readonly last: number },
): Promise<number> {
  if (ports.asked !== 0 || ports.last === 0) return openPort(name, server, host, ports.asked);
  try {
    return await openPort(name, server, host, ports.last);
  } catch (error) {
    if (!(error instanceof MillwrightError && error.code === 'MW-PORT-TAKEN')) throw error;
    return openPort(name, server, host, 0);
  }
}

/**
 * Accepts on a socket that another process opened. Must be called in the turn in which the socket arrived: it is being listened on
 * already, and a connection that comes before this call would have nobody to answer it.
 */
export function listenOnTaken(server: Server, taken: Server): number {
  const port = portOf(taken, 0);
  server.listen(taken);
  return port;
}

export interface GrpcDoor {
  readonly server: Server;
  /** Calls in flight are answered; resolves when the last connection is gone or after `ms`. */
  drain(ms: number): Promise<void>;
}

/** gRPC behind a socket of ours: grpc-js gives its own to nobody, and a successor must be able to get it. */
export function createGrpcDoor(grpc: GrpcServer): GrpcDoor {
  const injector = grpc.createConnectionInjector(ServerCredentials.createInsecure());
  const server = createServer({ noDelay: true }, (socket) => injector.injectConnection(socket));
  return {
    server,
    drain(ms) {
      server.close();
      return new Promise((resolve) => {
        const timer = setTimeout(() => {
          grpc.forceShutdown();
          resolve();
        }, ms);
        grpc.tryShutdown(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    },
  };
}
