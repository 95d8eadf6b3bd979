/** The projects of this server: folders that whoever started it attached. The file is read again when it changed. */
import { MillwrightError } from '../domain/errors.ts';
import type { ProjectSpec } from '../domain/project.ts';
import { parseProject } from '../modules/projects/index.ts';
import type { Clock } from '../ports/clock.ts';
import type { MetadataStore } from '../ports/metadata-store.ts';
import type { Workspace } from '../ports/workspace.ts';
import { createHash } from 'node:crypto';

export interface AttachedProject {
  readonly name: string;
  readonly spec: ProjectSpec;
  readonly workspace: Workspace;
}

export interface Projects {
  /** Throws the file's coded error when it is wrong now; MW-NOT-FOUND for a project that was not attached. */
  get(name: string): Promise<AttachedProject>;
  /** Every attached project whose file is good now. */
  list(): Promise<readonly AttachedProject[]>;
  attach(workspace: Workspace): Promise<AttachedProject>;
}

export function createProjects(store: MetadataStore, clock: Clock): Projects {
  const workspaces = new Map<string, Workspace>();
  const parsed = new Map<string, { readonly text: string; readonly spec: ProjectSpec }>();

  async function read(workspace: Workspace): Promise<AttachedProject> {
    const text = await workspace.file();
    const known = parsed.get(workspace.root);
    const spec = known?.text === text ? known.spec : parseProject(text);
    if (known?.text !== text) {
      parsed.set(workspace.root, { text, spec });
      const record = {
        id: spec.project,
        createdAt: clock.now(),
        fileDigest: `sha256:${createHash('sha256').update(text).digest('hex')}`,
        file: text,
        root: workspace.root,
      };
      await store.transaction(async (tx) => {
        if ((await tx.projects.get(record.id)) === undefined) await tx.projects.insert(record);
        else await tx.projects.update(record.id, (old) => ({ ...record, createdAt: old.createdAt }));
      });
    }
    return { name: spec.project, spec, workspace };
  }

  return {
    async attach(workspace) {
      const project = await read(workspace);
      workspaces.set(project.name, workspace);
      return project;
    },
    async get(name) {
      const workspace = workspaces.get(name);
      if (workspace === undefined) {
        throw new MillwrightError(
          'MW-NOT-FOUND',
          `this server has no project "${name}" (it has ${[...workspaces.keys()].join(', ') || 'none'})`,
          {
            where: 'project',
            next: 'start the server in the folder of the project, or with --project DIR',
          },
        );
      }
      return read(workspace);
    },
    async list() {
      const all = await Promise.all(
        [...workspaces.values()].map((workspace) =>
          read(workspace).catch((error: unknown) => {
            if (error instanceof MillwrightError) return undefined;
            throw error;
          }),
        ),
      );
      return all.filter((project) => project !== undefined);
    },
  };
}
