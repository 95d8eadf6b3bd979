/** Real S3 services for tests: MinIO, and moto where MinIO is not installed; each on a free port over a throw-away folder. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { freePort } from '../free-port.ts';

export interface S3Service {
  readonly name: string;
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

const USER = 'millwright';
const PASSWORD = 'only-for-tests';

async function started(
  name: string,
  program: string,
  args: readonly string[],
  port: number,
  folder: string,
  env: Readonly<Record<string, string>>,
): Promise<S3Service> {
  const child = spawn(program, args, { stdio: 'ignore', env: { HOME: folder, ...env } });
  const endpoint = `http://127.0.0.1:${port}`;
  const end = performance.now() + 60_000;
  for (;;) {
    // Any answer will do: what it says to somebody without keys differs.
    const up = await fetch(endpoint).then(
      () => true,
      () => false,
    );
    if (up) break;
    if (performance.now() > end || child.exitCode !== null) throw new Error(`${name} did not start`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return {
    name,
    endpoint,
    user: USER,
    password: PASSWORD,
    async stop() {
      child.kill('SIGKILL');
      await new Promise((resolve) => child.once('exit', resolve));
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export async function startMinio(program: string): Promise<S3Service> {
  const folder = await mkdtemp(join(tmpdir(), 'mw-minio-'));
  const [port, consolePort] = [await freePort(), await freePort()];
  const addresses = ['--address', `127.0.0.1:${port}`, '--console-address', `127.0.0.1:${consolePort}`];
  return started('MinIO', program, ['server', '--quiet', ...addresses, folder], port, folder, {
    MINIO_ROOT_USER: USER,
    MINIO_ROOT_PASSWORD: PASSWORD,
    MINIO_BROWSER: 'off',
  });
}

/** `python`: an interpreter with `moto[server,s3]`. It takes any signature, so refusals of keys cannot be tried on it. */
export async function startMoto(python: string): Promise<S3Service> {
  const folder = await mkdtemp(join(tmpdir(), 'mw-moto-'));
  const port = await freePort();
  return started('moto', python, ['-m', 'moto.server', '-H', '127.0.0.1', '-p', String(port)], port, folder, {});
}
