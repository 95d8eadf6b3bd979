/** A real MinIO for tests: started once a file on a free port over a throw-away folder. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

export interface Minio {
  readonly endpoint: string;
  readonly user: string;
  readonly password: string;
  stop(): Promise<void>;
}

/** Undefined where it is not installed. */
export function minioProgram(path: string): string | undefined {
  const folders = [...path.split(delimiter), join(homedir(), 'go', 'bin')];
  return folders.map((folder) => join(folder, 'minio')).find((program) => existsSync(program));
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}

export async function startMinio(program: string): Promise<Minio> {
  const folder = await mkdtemp(join(tmpdir(), 'mw-minio-'));
  const [port, consolePort] = [await freePort(), await freePort()];
  const [user, password] = ['millwright', 'only-for-tests'];
  const child = spawn(
    program,
    ['server', '--quiet', '--address', `127.0.0.1:${port}`, '--console-address', `127.0.0.1:${consolePort}`, folder],
    {
      stdio: 'ignore',
      env: { HOME: folder, MINIO_ROOT_USER: user, MINIO_ROOT_PASSWORD: password, MINIO_BROWSER: 'off' },
    },
  );
  const endpoint = `http://127.0.0.1:${port}`;
  const end = performance.now() + 60_000;
  for (;;) {
    const up = await fetch(`${endpoint}/minio/health/ready`).then(
      (answer) => answer.ok,
      () => false,
    );
    if (up) break;
    if (performance.now() > end || child.exitCode !== null) throw new Error('MinIO did not start');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return {
    endpoint,
    user,
    password,
    async stop() {
      child.kill('SIGKILL');
      await new Promise((resolve) => child.once('exit', resolve));
      await rm(folder, { recursive: true, force: true });
    },
  };
}
