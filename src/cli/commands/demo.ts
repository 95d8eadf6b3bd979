import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { ensureServer, stopPlane, stopServer } from '../../app/background.ts';
import { demoPython, emptyDemoHome, exampleFolder } from '../../app/demo-home.ts';
import { MillwrightError } from '../../domain/errors.ts';
import type { Config } from '../../platform/config.ts';
import { apiLoopClient } from '../demo/api-loop-client.ts';
import { championPicksStory } from '../demo/champion-picks.ts';
import { flightsStory } from '../demo/flights.ts';
import type { StoryDeps, StoryEvent, StoryResult } from '../demo/story.ts';
import { createChaos } from '../demo-chaos.ts';
import { createDemoScreen } from '../demo-screen.ts';
import type { Flags, Session } from '../session.ts';

const STORIES: Readonly<
  Record<string, (deps: StoryDeps, options: { readonly fast: boolean }) => AsyncGenerator<StoryEvent, StoryResult>>
> = {
  flights: flightsStory,
  'champion-picks': championPicksStory,
};

export async function run({ config, out }: Session, args: readonly string[], flags: Flags): Promise<void> {
  const name = args[0] ?? 'flights';
  const story = STORIES[name];
  if (story === undefined)
    throw new MillwrightError('MW-USAGE', `no story "${name}"`, {
      next: `mw demo ${Object.keys(STORIES).join(' or mw demo ')}`,
    });
  const folder = exampleFolder(name);
  await access(folder).catch((cause: unknown) => {
    throw new MillwrightError('MW-NOT-FOUND', 'the examples are not part of the installed package', {
      where: folder,
      next: 'clone the repository and run: npm run demo',
      cause,
    });
  });
  const own: Config = { ...config, home: flags['home'] === undefined ? join(folder, '.millwright') : config.home };
  const abort = new AbortController();
  process.once('SIGINT', () => abort.abort());
  const screen = createDemoScreen(out);
  screen.title(name);

  await stopServer(own);
  await stopPlane(own);
  await emptyDemoHome(own.home);
  const interpreter = await demoPython(own, folder, (line) => screen.installing(line), abort.signal);
  const server = await ensureServer(own, folder, () => undefined);
  screen.serving(server);
  const chaos =
    flags['kill'] === true
      ? createChaos(own, folder, server, (text) => screen.show({ kind: 'happened', tone: 'warning', text }))
      : undefined;
  const stopAll = async (): Promise<void> => {
    await stopServer(own);
    await stopPlane(own);
  };
  try {
    const deps: StoryDeps = {
      client: apiLoopClient(server.url),
      folder,
      python: () => Promise.resolve(interpreter),
      headers: {},
      signal: abort.signal,
    };
    const telling = story(deps, { fast: flags['fast'] === true });
    let step = await telling.next();
    while (step.done !== true) {
      screen.show(step.value);
      chaos?.watch(step.value);
      step = await telling.next();
    }
    const more = chaos === undefined ? [] : await chaos.expectations(server.url);
    const result = { ...step.value, expectations: [...step.value.expectations, ...more] };
    const failed = result.expectations.filter((one) => !one.held);
    out.result({ story: name, ...result, server }, () =>
      screen.balance(result, server, flags['serve'] === false ? undefined : own.home),
    );
    if (failed.length > 0) process.exitCode = 1;
  } catch (error) {
    await stopAll();
    throw error;
  }
  if (flags['serve'] === false) await stopAll();
}
