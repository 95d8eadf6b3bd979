/**
 * For tests: throw-away PostgreSQL and MariaDB servers on free ports of loopback, in temporary folders, without durability. Their own
 * packages are all that is needed; nothing of the machine's databases is touched.
 */
import { execFile, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { access, chown, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import mysql from 'mysql2/promise';
import { Client } from 'pg';
import { freePort } from '../free-port.ts';

const START_MS = 90_000;
const run = promisify(execFile);

export interface RealDatabase {
  /** Makes a database of this name and gives its URL. */
  database(name: string): Promise<string>;
  /** Empties a database that was migrated, and puts back what the migrations put in. */
  clear(url: string): Promise<void>;
  /** A statement on a database, as somebody else would run it. */
  say(url: string, sql: string): Promise<readonly Record<string, unknown>[]>;
  /** As a restart of the server or a network that breaks: everybody's connections end. */
  dropConnections(): Promise<void>;
  stop(): Promise<void>;
}

/** Databases refuse to run as root: there the package's own user runs them. */
interface Owner {
  readonly uid: number;
  readonly gid: number;
  readonly wrap: (command: string, args: readonly string[]) => readonly [string, readonly string[]];
}

async function ownerOf(user: string): Promise<Owner | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const id = async (what: string): Promise<number> => Number((await run('id', [what, user])).stdout);
  const [uid, gid] = [await id('-u'), await id('-g')];
  const wrap = (command: string, args: readonly string[]): readonly [string, readonly string[]] => [
    'setpriv',
    [`--reuid=${uid}`, `--regid=${gid}`, '--clear-groups', command, ...args],
  ];
  return { uid, gid, wrap };
}

async function firstThatExists(paths: readonly string[]): Promise<string | undefined> {
  for (const path of paths) {
    if (
      await access(path).then(
        () => true,
        () => false,
      )
    )
      return path;
  }
  return undefined;
}

async function postgresFolder(): Promise<string | undefined> {
  const root = '/usr/lib/postgresql';
  const versions = await readdir(root).catch(() => []);
  const sorted = versions.toSorted((a, b) => Number(b) - Number(a));
  const found = await firstThatExists(sorted.map((version) => join(root, version, 'bin', 'postgres')));
  return found?.slice(0, -'/postgres'.length);
}

interface Started {
  readonly folder: string;
  readonly child: ChildProcess;
}

async function ready(started: Started, errors: () => string, connect: () => Promise<void>): Promise<void> {
  const end = performance.now() + START_MS;
  for (;;) {
    try {
      await connect();
      return;
    } catch (error) {
      if (started.child.exitCode !== null || performance.now() > end) {
        throw new Error(`the database did not start: ${errors()}`, { cause: error });
      }
      await sleep(50);
    }
  }
}

function launch(command: string, args: readonly string[]): { child: ChildProcess; errors: () => string } {
  const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let text = '';
  child.stderr?.setEncoding('utf8').on('data', (part: string) => {
    text = (text + part).slice(-4000);
  });
  process.once('exit', () => child.kill('SIGKILL'));
  return { child, errors: () => text };
}

async function stopped({ folder, child }: Started, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    child.kill(signal);
    await once(child, 'exit');
  }
  await rm(folder, { recursive: true, force: true });
}

async function owned(prefix: string, owner: Owner | undefined): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), prefix));
  if (owner !== undefined) await chown(folder, owner.uid, owner.gid);
  return folder;
}

const plain = (command: string, args: readonly string[]) => [command, args] as const;

const SEED = `insert into experiments (id, name, lifecycle, created_at, updated_at) values (0, 'Default', 'active', 0, 0)`;
const KEPT = ['schema_version'];

/** A PostgreSQL server, or undefined when the package is not installed. */
export async function startPostgres(): Promise<RealDatabase | undefined> {
  const bin = await postgresFolder();
  if (bin === undefined) return undefined;
  const owner = await ownerOf('postgres');
  const wrap = owner?.wrap ?? plain;
  const folder = await owned('mw-postgres-', owner);
  const data = join(folder, 'data');
  const [init, initArgs] = wrap(join(bin, 'initdb'), [
    '-D',
    data,
    '-A',
    'trust',
    '-U',
    'mw',
    '-E',
    'UTF8',
    '--locale=C.UTF-8',
    '--no-sync',
  ]);
  await run(init, [...initArgs], { cwd: folder });
  const port = await freePort();
  const settings = ['fsync=off', 'full_page_writes=off', 'synchronous_commit=off', 'max_connections=200'];
  const [command, args] = wrap(join(bin, 'postgres'), [
    '-D',
    data,
    '-h',
    '127.0.0.1',
    '-p',
    String(port),
    '-k',
    folder,
    ...settings.flatMap((setting) => ['-c', setting]),
  ]);
  const { child, errors } = launch(command, args);
  const started = { folder, child };
  const url = (name: string): string => `postgres://mw:secret-password@127.0.0.1:${port}/${name}`;
  async function say(at: string, sql: string): Promise<readonly Record<string, unknown>[]> {
    const client = new Client({ connectionString: at });
    await client.connect();
    try {
      return (await client.query<Record<string, unknown>>(sql)).rows;
    } finally {
      await client.end();
    }
  }
  await ready(started, errors, async () => void (await say(url('postgres'), 'select 1')));
  return {
    async database(name) {
      await say(url('postgres'), `create database ${name}`);
      return url(name);
    },
    async clear(at) {
      const rows = await say(at, `select tablename from pg_tables where schemaname = 'public'`);
      const names = rows.map((row) => String(row['tablename'])).filter((name) => !KEPT.includes(name));
      await say(at, `truncate ${names.map((name) => `"${name}"`).join(', ')} restart identity; ${SEED}`);
    },
    say,
    async dropConnections() {
      await say(
        url('postgres'),
        `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'millwright'`,
      );
    },
    stop: () => stopped(started, 'SIGINT'),
  };
}

/** A MariaDB server, or undefined when the package is not installed. */
export async function startMariadb(): Promise<RealDatabase | undefined> {
  const server = await firstThatExists(['/usr/sbin/mariadbd', '/usr/local/sbin/mariadbd', '/usr/bin/mariadbd']);
  const installer = await firstThatExists(['/usr/bin/mariadb-install-db', '/usr/local/bin/mariadb-install-db']);
  if (server === undefined || installer === undefined) return undefined;
  const owner = await ownerOf('mysql');
  const wrap = owner?.wrap ?? plain;
  const folder = await owned('mw-mariadb-', owner);
  const data = join(folder, 'data');
  await mkdir(data);
  if (owner !== undefined) await chown(data, owner.uid, owner.gid);
  const [init, initArgs] = wrap(installer, [
    '--no-defaults',
    `--datadir=${data}`,
    '--auth-root-authentication-method=normal',
    '--skip-test-db',
    '--innodb-flush-method=nosync',
  ]);
  await run(init, [...initArgs], { cwd: folder });
  const port = await freePort();
  const [command, args] = wrap(server, [
    '--no-defaults',
    `--datadir=${data}`,
    '--bind-address=127.0.0.1',
    `--port=${port}`,

    `--socket=${join(folder, 's')}`,
    `--pid-file=${join(folder, 'pid')}`,
    '--skip-name-resolve',
    '--max-connections=200',
    '--innodb-flush-log-at-trx-commit=0',
    '--innodb-doublewrite=0',
    '--innodb-flush-method=nosync',
  ]);
  const { child, errors } = launch(command, args);
  const started = { folder, child };
  const url = (name: string): string => `mysql://mw:secret-password@127.0.0.1:${port}/${name}`;
  const root = `mysql://root@127.0.0.1:${port}/mysql`;
  async function say(at: string, sql: string): Promise<readonly Record<string, unknown>[]> {
    const connection = await mysql.createConnection({ uri: at, multipleStatements: true });
    try {
      const [rows] = await connection.query(sql);
      return Array.isArray(rows) ? (rows as Record<string, unknown>[]) : [];
    } finally {
      await connection.end();
    }
  }
  await ready(started, errors, async () => void (await say(root, 'select 1')));
  await say(root, `create user mw@'127.0.0.1' identified by 'secret-password'`);
  return {
    async database(name) {
      await say(root, `create database ${name}; grant all on ${name}.* to mw@'127.0.0.1'`);
      return url(name);
    },
    async clear(at) {
      const found = await say(
        at,
        'select table_name as name, auto_increment as next from information_schema.tables where table_schema = database()',
      );
      const tables = found
        .map((row) => ({ name: String(row['name']), counts: row['next'] !== null }))
        .filter(({ name }) => !KEPT.includes(name));
      const filled = await say(
        at,
        tables.map(({ name }) => `(select '${name}' as name from \`${name}\` limit 1)`).join(' union all '),
      );
      const names = new Set(filled.map((row) => String(row['name'])));
      // Truncating takes a hundred times as long as deleting a few rows, but only it begins to count from 1 again.
      const parts = tables
        .filter(({ name, counts }) => counts || names.has(name))
        .map(({ name, counts }) => (counts ? `truncate table \`${name}\`` : `delete from \`${name}\``));
      await say(at, `set sql_mode = 'NO_AUTO_VALUE_ON_ZERO'; ${[...parts, SEED].join('; ')}`);
    },
    say,
    async dropConnections() {
      const rows = await say(root, `select id from information_schema.processlist where user = 'mw'`);
      for (const row of rows) await say(root, `kill connection ${Number(row['id'])}`);
    },
    stop: () => stopped(started, 'SIGTERM'),
  };
}
