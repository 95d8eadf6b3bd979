/** Story 6: the machine is not as wanted. A port in use, a home in use, no Python, no server, no token: told, and nothing is broken. */
import { mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ask, createScenario, type Ended, jsonOf, type Scenario, type ServerProcess } from './scenario.ts';

let scenario: Scenario;
let server: ServerProcess;
const TOKEN = 'a-token-of-sufficient-length';

beforeAll(async () => {
  scenario = await createScenario('bad-machine');
  scenario.write('millwright.yaml', 'project: tiny\npipeline:\n  a: { run: python a.py, in: [], out: [a.txt] }\n');
  scenario.write('a.py', 'open("a.txt", "w").write("1")\n');
  server = await scenario.start();
});
afterAll(() => scenario.end());

/** One sentence, the next command, the code, no stack. */
function told(ended: Ended, code: string): void {
  expect(ended.err).toContain(code);
  expect(ended.err).toMatch(/^mw: \S/m);
  expect(ended.err).toMatch(/^ {4}next: \S/m);
  expect(ended.err).not.toMatch(/\.(?:ts|js):\d+:\d+|node:internal/);
}

async function taken(): Promise<{ readonly port: number; readonly socket: Server }> {
  const socket = createServer();
  await new Promise<void>((resolve) => socket.listen(0, '127.0.0.1', resolve));
  return { port: (socket.address() as { port: number }).port, socket };
}

test.each(['--port', '--rest-port', '--grpc-port'])('%s in use', { timeout: 40_000 }, async (flag) => {
  const { port, socket } = await taken();
  const other = await createScenario('port');
  try {
    const ports = { '--port': '0', '--rest-port': '0', '--grpc-port': '0', [flag]: String(port) };
    const ended = await other.mw(['server', ...Object.entries(ports).flat()]);
    expect(ended.code).toBe(1);
    told(ended, 'MW-PORT-TAKEN');
    expect(ended.err).toContain(String(port));
    expect(ended.err).toMatch(new RegExp(`next: .*${flag}`));
    // Nothing is left behind: with the port free the same home starts.
    await new Promise((resolve) => socket.close(resolve));
    if (flag === '--grpc-port') await other.start();
  } finally {
    socket.close();
    await other.end();
  }
});

test('a home in use by another server: refused, and that server goes on', { timeout: 40_000 }, async () => {
  const ended = await scenario.mw(['server', '--port', '0', '--rest-port', '0', '--grpc-port', '0']);
  expect(ended.code).toBe(1);
  told(ended, 'MW-HOME-IN-USE');
  expect(ended.err).toContain(String(server.pid));
  expect((await ask(server.url, '/api/v1/server')).json.pid).toBe(server.pid);
});

test.each([
  ['status'],
  ['models'],
  ['deploy'],
  ['predict'],
  ['logs'],
  ['alerts'],
  ['runs'],
  ['rollback'],
  ['cancel', 'x-1'],
])('no server: mw %s says how to start one', async (...args) => {
  const ended = await scenario.mw(args, { home: join(scenario.root, 'nothing') });
  expect(ended.code).toBe(1);
  told(ended, 'MW-NO-SERVER');
});

test('a server that does not answer at --url', async () => {
  const { port, socket } = await taken();
  await new Promise((resolve) => socket.close(resolve));
  const ended = await scenario.mw(['status', '--url', `http://127.0.0.1:${port}`]);
  expect(ended.code).toBe(1);
  told(ended, 'MW-NO-SERVER');
});

test('no Python on the PATH: the environment step says so; other commands work', { timeout: 60_000 }, async () => {
  const other = await createScenario('no-python');
  try {
    other.write('millwright.yaml', 'project: tiny\npipeline:\n  a: { run: python a.py, in: [], out: [a.txt] }\n');
    other.write('a.py', '');
    const bin = join(other.root, 'bin');
    mkdirSync(bin);
    symlinkSync(process.execPath, join(bin, 'node'));
    const started = await other.start({ env: { PATH: bin, HOME: other.root } });
    const ended = await other.mw(['run']);
    expect(ended.code).toBe(1);
    told(ended, 'MW-ENV-NO-PYTHON');
    expect((await other.mw(['status'])).code).toBe(0);
    expect((await ask(started.url, '/api/v1/home')).status).toBe(200);
  } finally {
    await other.end();
  }
});

test.each([
  ['no token', {}],
  ['a short token', { MILLWRIGHT_TOKEN: 'short' }],
])('--host 0.0.0.0 with %s: does not start', async (_what, env) => {
  const other = await createScenario('token');
  try {
    const ended = await other.mw(
      ['server', '--host', '0.0.0.0', '--port', '0', '--rest-port', '0', '--grpc-port', '0'],
      { env },
    );
    expect(ended.code).toBe(2);
    told(ended, 'MW-TOKEN-REQUIRED');
  } finally {
    await other.end();
  }
});

test('with a token: a wrong one and none are told apart from no server; the right one works', {
  timeout: 40_000,
}, async () => {
  const other = await createScenario('token');
  try {
    await other.start({ args: ['--host', '0.0.0.0'], env: { MILLWRIGHT_TOKEN: TOKEN } });
    const none = await other.mw(['status']);
    expect(none.code).toBe(1);
    told(none, 'MW-UNAUTHENTICATED');
    const wrong = await other.mw(['status'], { env: { MILLWRIGHT_TOKEN: 'another-token-of-length' } });
    expect(wrong.code).toBe(1);
    told(wrong, 'MW-UNAUTHENTICATED');
    expect(wrong.err).not.toContain('another-token-of-length');
    expect((await other.mw(['status'], { env: { MILLWRIGHT_TOKEN: TOKEN } })).code).toBe(0);
  } finally {
    await other.end();
  }
});

test('two commands that find no server at the same moment: one server, both run', { timeout: 60_000 }, async () => {
  const other = await createScenario('at-once');
  try {
    other.write('millwright.yaml', 'project: tiny\npipeline:\n  a: { run: python a.py, in: [], out: [a.txt] }\n');
    other.write('a.py', 'open("a.txt", "w").write("1")\n');
    const env = { MILLWRIGHT_PORT: '0', MILLWRIGHT_REST_PORT: '0', MILLWRIGHT_GRPC_PORT: '0' };
    const ended = await Promise.all([other.mw(['run', '--json'], { env }), other.mw(['run', '--json'], { env })]);
    expect(ended.map(({ code, err }) => ({ code, err: code === 0 ? '' : err }))).toEqual([
      { code: 0, err: '' },
      { code: 0, err: '' },
    ]);
    expect(ended.map((one) => jsonOf(one).pipelineRun.number).toSorted((a, b) => a - b)).toEqual([1, 2]);
  } finally {
    await other.mw(['stop', '--all']);
    await other.end();
  }
});

test('a wrong flag, a wrong setting and a wrong command are usage errors (exit 2) with a guess', async () => {
  const flag = await scenario.mw(['run', '--jsn']);
  expect(flag.code).toBe(2);
  expect(flag.err).toContain('--json');
  const setting = await scenario.mw(['status'], { env: { MILLWRIGHT_REST_PROT: '1' } });
  expect(setting.code).toBe(2);
  expect(setting.err).toContain('MILLWRIGHT_REST_PORT');
  const command = await scenario.mw(['deplyo']);
  expect(command.code).toBe(2);
  expect(command.err).toContain('deploy');
  const port = await scenario.mw(['server', '--port', '99999999']);
  expect(port.code).toBe(2);
  expect(port.err).toContain('--port');
});

test('a home that cannot be written is told', async () => {
  scenario.write('a-file', '');
  const ended = await scenario.mw(['server', '--port', '0', '--rest-port', '0', '--grpc-port', '0'], {
    home: join(scenario.project, 'a-file', 'home'),
  });
  expect(ended.code).not.toBe(0);
  expect(ended.err).not.toMatch(/\.(?:ts|js):\d+:\d+|node:internal/);
  expect(ended.err).toContain('a-file');
  rmSync(join(scenario.project, 'a-file'));
});
