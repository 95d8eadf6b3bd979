/** HTTP/2's flow control for tensors: with the standard 64 KiB a message of 1,000 rows stops and waits for the server's word once or more. */
import { EventEmitter } from 'node:events';
import type { Http2Session } from 'node:http2';
import type { Server } from '@grpc/grpc-js';

/** Bytes a client may send ahead of the server, per call and per connection. */
const WINDOW = 8 * 1024 * 1024;
const FRAME = 256 * 1024;

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

/**
 * grpc-js has a setting for it in its client only, so its server's own fields are used; where a later release has them no more, the
 * server works as before, and a test says so. Measured with the C client, 80 KB a message, one call at a time: a third to a half more calls.
 */
export function widenWindows(server: Server): void {
  const options: unknown = Reflect.get(server, 'commonServerOptions');
  if (isRecord(options)) {
    const settings = isRecord(options['settings']) ? options['settings'] : {};
    options['settings'] = { ...settings, initialWindowSize: WINDOW, maxFrameSize: FRAME };
  }
  const make: unknown = Reflect.get(server, 'createHttp2Server');
  if (typeof make !== 'function') return;
  Reflect.set(server, 'createHttp2Server', (credentials: unknown): unknown => {
    const made: unknown = Reflect.apply(make, server, [credentials]);
    if (made instanceof EventEmitter) made.on('session', (session: Http2Session) => session.setLocalWindowSize(WINDOW));
    return made;
  });
}
