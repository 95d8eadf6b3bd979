/** The Java client, where a JDK and Maven are: the newest version of it that registries hold for Maven. */
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { startServer } from './server.ts';

const run = promisify(execFile);
const CLIENT = '2.0.1';
const JAR = join(homedir(), `.m2/repository/org/mlflow/mlflow-client/${CLIENT}/mlflow-client-${CLIENT}.jar`);

/** The class path with the compiled flow first, or why there is none. */
async function build(folder: string): Promise<{ readonly classPath: string } | { readonly missing: string }> {
  const options = { cwd: folder, timeout: 300_000 };
  try {
    await run('javac', ['-version'], options);
    await run('mvn', ['-v'], options);
  } catch {
    return { missing: 'no javac and mvn on the PATH: install a JDK 17 and Maven' };
  }
  try {
    await cp(join(import.meta.dirname, 'java'), folder, { recursive: true });
    const artifact = `-Dartifact=org.mlflow:mlflow-client:${CLIENT}`;
    await run('mvn', ['-q', '-B', 'dependency:get', artifact, '-Dtransitive=false'], options);
    await run('mvn', ['-q', '-B', 'dependency:build-classpath', '-Dmdep.outputFile=classpath.txt'], options);
    const libraries = [(await readFile(join(folder, 'classpath.txt'), 'utf8')).trim(), JAR].join(delimiter);
    await mkdir(join(folder, 'classes'));
    await run('javac', ['-cp', libraries, '-d', 'classes', 'Flow.java'], options);
    return { classPath: [join(folder, 'classes'), libraries].join(delimiter) };
  } catch (error) {
    return { missing: `the client could not be built: ${String(error).slice(0, 300)}` };
  }
}

it('the Java client runs its flow', { timeout: 900_000 }, async ({ skip }) => {
  const folder = await mkdtemp(join(tmpdir(), 'mw-java-'));
  const server = await startServer();
  try {
    const built = await build(folder);
    if ('missing' in built) {
      console.log(`NOT RUN: the Java client: ${built.missing}`);
      skip(built.missing);
      return;
    }
    const { stdout } = await run('java', ['-cp', built.classPath, 'Flow', server.url], { timeout: 120_000 });
    expect(stdout).toContain('java flow done');
    expect(server.faults).toEqual([]);
    expect(server.requests.filter((request) => request.status >= 500)).toEqual([]);
  } finally {
    await server.close();
    await rm(folder, { recursive: true, force: true });
  }
});
