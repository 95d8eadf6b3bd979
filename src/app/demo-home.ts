/** The demo's own home: emptied before each story, with the built environments kept because they take a minute and never change. */
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createEnvironmentPython } from '../adapters/environment-python/index.ts';
import type { Config } from '../platform/config.ts';
import { packageRoot, pythonFolder } from './paths.ts';
import { readProject } from './read-project.ts';

export const exampleFolder = (name: string): string => join(packageRoot(), 'examples', name);

/** Throws when a server still uses it (its lock names a living process): the caller stops that first. */
export async function emptyDemoHome(home: string): Promise<void> {
  const names = await readdir(home).catch(() => []);
  for (const name of names) if (name !== 'envs') await rm(join(home, name), { recursive: true, force: true });
}

/** The interpreter of the example's environment: the very one that its pipeline will use. */
export async function demoPython(
  config: Config,
  folder: string,
  progress: (line: string) => void,
  signal: AbortSignal,
): Promise<string> {
  const { environment } = await readProject(folder);
  const builder = createEnvironmentPython({
    folder: join(config.home, 'envs'),
    probe: join(pythonFolder(), 'probe.py'),
  });
  const name = environment.requirements;
  const built = await builder.build(
    {
      ...(environment.python === undefined ? {} : { python: environment.python }),
      ...(name === undefined ? {} : { requirements: { name, text: await readFile(join(folder, name), 'utf8') } }),
    },
    progress,
    signal,
  );
  return built.interpreter;
}
