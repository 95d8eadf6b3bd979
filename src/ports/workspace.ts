/** The folder of a user's project on this machine, chosen by whoever started the server, never by a client. */
import type { CodeState } from '../domain/environments.ts';
import type { DatasetFile } from '../domain/datasets.ts';

export interface Workspace {
  readonly root: string;
  /** Text of `millwright.yaml`. Throws MW-CONFIG-MISSING. */
  file(): Promise<string>;
  read(path: string): Promise<string>;
  exists(path: string): Promise<boolean>;
  /**
   * Stores the code files (not data, not ignored by git, at most 2,000 files of 5 MiB) as blobs and says what git knows.
   * `exclude`: globs of data (the `from` of every dataset), so that new data is not new code.
   */
  snapshot(exclude?: readonly string[]): Promise<CodeState>;
  /** Files that match the globs, sorted by path, hashed (by size and mtime cached) and stored. Throws MW-CONFIG-FILE when none does. */
  dataFiles(patterns: readonly string[]): Promise<readonly DatasetFile[]>;
}
