import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { inheritedEnvironment, isLoopbackHost, metadataUrl, readConfig } from './config.ts';

const read = (flags: Record<string, unknown> = {}, environment: Record<string, string> = {}) =>
  readConfig(flags, environment, '/work');

function refusalOf(flags: Record<string, unknown>, environment: Record<string, string> = {}): unknown {
  try {
    return read(flags, environment);
  } catch (error) {
    return error;
  }
}

describe('settings', () => {
  it('have defaults that listen on loopback only and need no token there', () => {
    expect(read()).toEqual({
      home: '/work/.millwright',
      accessLogSample: 100,
      host: '127.0.0.1',
      port: 5000,
      restPort: 8080,
      stepDiskMib: 20_480,
      grpcPort: 8081,
      logLevel: 'info',
      allowedHosts: [],
      requireToken: false,
      allowPrivateEgress: false,
    });
  });

  it('come from flags, then from the environment', () => {
    const environment = {
      MILLWRIGHT_PORT: '6000',
      MILLWRIGHT_REST_PORT: '0',
      MILLWRIGHT_HOME: '/h',
      MILLWRIGHT_ALLOWED_HOSTS: 'a, b',
    };
    expect(read({ port: 7000, logLevel: undefined }, environment)).toMatchObject({
      port: 7000,
      restPort: 0,
      home: '/h',
      allowedHosts: ['a', 'b'],
    });
  });

  it('keep the metadata in the home, also in one that a command chose afterwards, unless a store is named', () => {
    const config = read({}, { MILLWRIGHT_HOME: '/h' });
    expect(metadataUrl(config)).toBe(`sqlite://${join('/h', 'millwright.db')}`);
    expect(metadataUrl({ ...config, home: '/demo' })).toBe(`sqlite://${join('/demo', 'millwright.db')}`);
    expect(metadataUrl(read({}, { MILLWRIGHT_METADATA: 'postgres://db/mw' }))).toBe('postgres://db/mw');
  });

  it('need a token as soon as the host is not loopback, unless told otherwise', () => {
    expect(read({ host: '0.0.0.0' }).requireToken).toBe(true);
    expect(read({ host: '::1' }).requireToken).toBe(false);
    expect(read({ host: '0.0.0.0', requireToken: 'false' }).requireToken).toBe(false);
    expect(read({}, { MILLWRIGHT_REQUIRE_TOKEN: '1' }).requireToken).toBe(true);
  });

  it('refuse what is unknown with a suggestion, and what is wrong with its name', () => {
    expect(refusalOf({ prot: 1 })).toMatchObject({ code: 'MW-USAGE', where: '--prot', next: 'did you mean --port?' });
    expect(refusalOf({}, { MILLWRIGHT_HOEM: 'x' })).toMatchObject({
      code: 'MW-USAGE',
      next: 'did you mean MILLWRIGHT_HOME?',
    });
    expect(refusalOf({ port: 70_000 })).toMatchObject({ code: 'MW-USAGE', where: '--port' });
    expect(refusalOf({}, { MILLWRIGHT_LOG_LEVEL: 'loud' })).toMatchObject({ where: 'MILLWRIGHT_LOG_LEVEL' });
    expect(refusalOf({ port: 'http' })).toMatchObject({ where: '--port' });
  });

  it('stay out of the environment of started processes', () => {
    expect(inheritedEnvironment({ PATH: '/bin', MILLWRIGHT_TOKEN: 'secret', NONE: undefined })).toEqual({
      PATH: '/bin',
    });
  });

  it.each([
    ['localhost', true],
    ['127.0.0.1', true],
    ['127.9.9.9', true],
    ['[::1]', true],
    ['127.0.0.1.evil.example', false],
    ['0.0.0.0', false],
    ['::', false],
    ['10.0.0.1', false],
  ])('loopback %s: %s', (host, expected) => {
    expect(isLoopbackHost(host)).toBe(expected);
  });
});
