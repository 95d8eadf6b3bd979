/** gRPC calls as fast as they are answered, with a message that was encoded once. */
import { Client, credentials } from '@grpc/grpc-js';
import { inferenceService } from '../../src/api/oip/grpc.ts';

const same = (bytes: Buffer): Buffer => bytes;

/** Calls a second with so many under way. Throws when one fails. */
export async function fireGrpc(address: string, request: object, seconds: number, underWay: number): Promise<number> {
  const method = inferenceService().service['ModelInfer'];
  if (method === undefined) throw new Error('the protocol has no ModelInfer');
  const message = method.requestSerialize(request);
  const client = new Client(address, credentials.createInsecure(), {
    'grpc.max_receive_message_length': 64 * 2 ** 20,
    'grpc.max_send_message_length': 64 * 2 ** 20,
  });
  const until = performance.now() + seconds * 1000;
  let answered = 0;
  const call = (): Promise<void> =>
    new Promise((resolve, reject) => {
      client.makeUnaryRequest(method.path, same, same, message, (error) =>
        error === null ? resolve() : reject(error),
      );
    });
  const caller = async (): Promise<void> => {
    while (performance.now() < until) {
      await call();
      answered += 1;
    }
  };
  try {
    await Promise.all(Array.from({ length: underWay }, caller));
    return answered / seconds;
  } finally {
    client.close();
  }
}
