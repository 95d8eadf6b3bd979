/** A project's folder on this machine. */
import { createHash } from 'node:crypto';
import { realpathSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import type { DatasetFile } from '../../domain/datasets.ts';
import type { CodeState } from '../../domain/environments.ts';
import { MillwrightError } from '../../domain/errors.ts';
import type { ArtifactStore } from '../../ports/artifact-store.ts';
import type { Workspace } from '../../ports/workspace.ts';
import { codeFiles } from './code-files.ts';
import { findFiles } from './data-files.ts';
import { gitState } from './git-state.ts';
import { parseGlob } from './glob.ts';
import { resolveInside } from './inside.ts';
import { storedFiles } from './stored-file.ts';

const CONFIG = 'millwright.yaml';
const MAX_TEXT_BYTES = 5 * 1024 * 1024;

function filesDigest(files: readonly { readonly path: string; readonly digest: string }[]): string {
  const hash = createHash('sha256');
  for (const file of files) hash.update(`${file.path}\0${file.digest}\n`);
  return `sha256:${hash.digest('hex')}`;
}

/** `root` is chosen by whoever runs the server. Throws MW-CONFIG-MISSING when there is no such folder. */
export function createWorkspaceFs(options: { readonly root: string; readonly artifacts: ArtifactStore }): Workspace {
  let root: string;
  try {
    root = realpathSync(options.root);
  } catch (cause) {
    throw new MillwrightError('MW-CONFIG-MISSING', `there is no project folder "${options.root}"`, {
      cause,
      next: 'mw init',
    });
  }
  const store = storedFiles(options.artifacts);

  async function read(path: string): Promise<string> {
    const real = await resolveInside(root, path);
    const seen = real === undefined ? undefined : await stat(real);
    if (real === undefined || seen === undefined || !seen.isFile()) {
      throw new MillwrightError('MW-CONFIG-FILE', `the project has no file "${path}"`, {
        where: path,
        next: `create ${path}, or correct its name in ${CONFIG}`,
      });
    }
    if (seen.size > MAX_TEXT_BYTES) {
      throw new MillwrightError(
        'MW-CONFIG-FILE',
        `"${path}" has ${seen.size} bytes; at most ${MAX_TEXT_BYTES} are read as text`,
        { where: path },
      );
    }
    return readFile(real, 'utf8');
  }

  return {
    root,
    read,
    async file() {
      if ((await resolveInside(root, CONFIG)) === undefined) {
        throw new MillwrightError('MW-CONFIG-MISSING', `no ${CONFIG} in ${root}`, { where: root, next: 'mw init' });
      }
      return read(CONFIG);
    },
    async exists(path) {
      return (await resolveInside(root, path)) !== undefined;
    },
    async snapshot(exclude = []): Promise<CodeState> {
      const git = await gitState(root);
      const files: CodeState['files'][number][] = [];
      for (const { path, real } of await codeFiles(root, git?.files, exclude.map(parseGlob))) {
        files.push({ path, ...(await store(real, path)) });
      }
      const diff =
        git !== undefined && git.dirty && git.diff.length > 0 ? await options.artifacts.put(git.diff) : undefined;
      return {
        digest: filesDigest(files),
        files,
        ...(git?.commit === undefined ? {} : { commit: git.commit }),
        ...(git?.branch === undefined ? {} : { branch: git.branch }),
        dirty: git?.dirty ?? false,
        ...(diff === undefined ? {} : { diffDigest: diff.digest }),
      };
    },
    async dataFiles(patterns): Promise<readonly DatasetFile[]> {
      const found = await findFiles(root, patterns.map(parseGlob));
      if (found.length === 0) {
        throw new MillwrightError(
          'MW-CONFIG-FILE',
          `no file matches ${patterns.map((pattern) => `"${pattern}"`).join(', ')}`,
          {
            where: patterns[0] ?? CONFIG,
            next: `put the data there, or correct "from" in ${CONFIG} (patterns are relative to ${root})`,
          },
        );
      }
      const files: DatasetFile[] = [];
      for (const [path, real] of found) files.push({ path, ...(await store(real, path)) });
      return files;
    },
  };
}
