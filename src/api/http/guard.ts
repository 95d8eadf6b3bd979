/**
 * What every request passes before routing: Host and Origin allow list (DNS rebinding, cross-site forms), no cross-site fetch,
 * JSON only where a body is JSON, depth of JSON bounded. See CVE-2023-43472, CVE-2025-14279 for what happens without.
 */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { MillwrightError } from '../../domain/errors.ts';
import { jsonDepth } from '../../platform/json-text.ts';

const LOOPBACK = /^(?:localhost|127\.0\.0\.1|\[::1\])(?::\d{1,5})?$/;

export interface GuardOptions {
  /** Further host names (with or without port) that may be asked for. Loopback names always may. */
  readonly hosts: readonly string[];
}

function allowed(host: string, options: GuardOptions): boolean {
  const name = host.toLowerCase();
  return LOOPBACK.test(name) || options.hosts.some((one) => one === name || one === name.replace(/:\d+$/, ''));
}

function check(request: FastifyRequest, options: GuardOptions): void {
  const host = request.headers.host ?? '';
  if (!allowed(host, options)) {
    throw new MillwrightError('MW-HOST', `this server does not answer for host "${host.slice(0, 100)}"`, {
      next: 'start it with --allowed-hosts NAME',
    });
  }
  const { origin } = request.headers;
  if (origin !== undefined && origin !== `http://${host}` && origin !== `https://${host}`) {
    throw new MillwrightError('MW-HOST', `requests from origin "${origin.slice(0, 100)}" are refused`);
  }
  const site = request.headers['sec-fetch-site'];
  const navigates = request.headers['sec-fetch-mode'] === 'navigate' && request.method === 'GET';
  if (site !== undefined && site !== 'same-origin' && site !== 'none' && !navigates) {
    throw new MillwrightError('MW-HOST', 'cross-site requests are refused');
  }
}

export function guard(app: FastifyInstance, options: GuardOptions): void {
  app.addHook('onRequest', async (request) => check(request, options));
  // Text would be a way for another site's form to send a body without asking first.
  app.removeContentTypeParser(['application/json', 'text/plain']);
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, body, done) => {
    const text = typeof body === 'string' ? body : body.toString('utf8');
    if (text.trim() === '') return done(null, {});
    if (jsonDepth(text) > 64)
      return done(new MillwrightError('MW-BODY-TOO-DEEP', 'the JSON body is nested deeper than 64 levels'));
    try {
      done(null, JSON.parse(text));
    } catch (cause) {
      done(
        new MillwrightError(
          'MW-INVALID',
          `the body is not JSON: ${cause instanceof Error ? cause.message.slice(0, 200) : ''}`,
          { where: 'body' },
        ),
      );
    }
  });
}
