/**
 * A model that kills the process while it is loaded would kill it at every start. So before a load its release is noted on disk,
 * and a gateway that comes after a fault refuses the releases that were noted then; all others serve.
 *
 * The note is taken away with the model's first answer. A process that was killed from outside (SIGKILL, a power cut) leaves a note
 * too: it is believed only after a fault of the process's own.
 */
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { MillwrightError } from '../domain/errors.ts';
import { writeFileDurable } from '../platform/durable-file.ts';
import type { Logger } from '../platform/logger.ts';
import { createMutex } from '../platform/mutex.ts';
import type { LoadedModel, ModelRuntime, ModelSource } from '../ports/model-runtime.ts';

const notes = z.object({
  /** Of the gateway that made them: one of another version or with other settings tries anew. */
  key: z.string(),
  loading: z.array(z.string()),
  refused: z.array(z.string()),
});
type Notes = z.infer<typeof notes>;

async function readNotes(path: string): Promise<Notes | undefined> {
  try {
    return notes.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch {
    // None, or not readable: then nobody is suspected.
    return undefined;
  }
}

/** The model, with an `infer` that takes the note away with its first answer and then puts the model's own in its place. */
function untilAnswered(model: LoadedModel, answered: () => void): LoadedModel {
  const watched: { -readonly [K in keyof LoadedModel]: LoadedModel[K] } = { ...model };
  watched.infer = async (inputs, options) => {
    const outputs = await model.infer(inputs, options);
    watched.infer = (given, asked) => model.infer(given, asked);
    answered();
    return outputs;
  };
  watched.unload = async () => {
    answered();
    await model.unload();
  };
  return watched;
}

/** Reads what the last gateway of the home left, and wraps a runtime so that its loads are noted. */
export async function suspectsOf(
  home: string,
  start: { readonly afterFault: boolean; readonly key: string },
  log: Logger,
): Promise<{ watched(runtime: ModelRuntime): ModelRuntime }> {
  const path = join(home, 'plane', 'loading.json');
  const last = await readNotes(path);
  const refused = new Set(last?.key === start.key ? last.refused : []);
  if (start.afterFault && last !== undefined && last.loading.length > 0) {
    for (const releaseId of last.loading) refused.add(releaseId);
    log.error(
      { releases: last.loading },
      'these releases killed the data plane while they were loaded; they are left out',
    );
  }
  const loading = new Set<string>();
  const writes = createMutex();
  const write = (): Promise<void> =>
    writes.run(() =>
      loading.size + refused.size === 0
        ? rm(path, { force: true })
        : writeFileDurable(path, JSON.stringify({ key: start.key, loading: [...loading], refused: [...refused] })),
    );
  const clear = (releaseId: string): void => {
    if (loading.delete(releaseId)) void write().catch((error: unknown) => log.error({ error }, 'a load stays noted'));
  };
  if (last !== undefined) await write();

  async function load(runtime: ModelRuntime, source: ModelSource): Promise<LoadedModel> {
    const { releaseId } = source;
    if (refused.has(releaseId)) {
      throw new MillwrightError(
        'MW-QUARANTINED',
        'this release killed the data plane when it was loaded, so it is left out',
        {
          where: releaseId,
          next: 'export the model again, or try it with another version of Millwright: mw gateway replace',
        },
      );
    }
    loading.add(releaseId);
    await write();
    try {
      return untilAnswered(await runtime.load(source), () => clear(releaseId));
    } catch (error) {
      clear(releaseId);
      throw error;
    }
  }

  return {
    watched: (runtime) => ({
      caps: runtime.caps,
      load: (source) => load(runtime, source),
      close: () => runtime.close(),
    }),
  };
}
