/** Environments: what steps run in. Built once for equal requirements, recorded with the machine they were built on. */
import type { Environment } from '../../domain/environments.ts';
import { MillwrightError } from '../../domain/errors.ts';
import type { EnvironmentSpec } from '../../domain/project.ts';
import type { Clock, Ids } from '../../ports/clock.ts';
import type { Context } from '../../ports/context.ts';
import type { BuildRequest, BuiltEnvironment, EnvironmentBuilder } from '../../ports/environment-builder.ts';
import type { MetadataStore } from '../../ports/metadata-store.ts';
import type { Workspace } from '../../ports/workspace.ts';

export { createProofs } from './proof.ts';
export type { Proofs } from './proof.ts';

interface EnvironmentsDeps {
  readonly store: MetadataStore;
  readonly builder: EnvironmentBuilder;
  readonly clock: Clock;
  readonly ids: Ids;
}

export interface Environments {
  /**
   * The environment of a project, built or reused; `progress` gets the installer's lines. `project` is named in the event
   * `environment.built`, which tells of new environments only. Throws MW-CONFIG-FILE, MW-ENV-NO-PYTHON, MW-ENV-BUILD.
   */
  ensure(
    ctx: Context,
    spec: EnvironmentSpec,
    workspace: Workspace,
    progress: (line: string) => void,
    project?: string,
  ): Promise<Environment>;
  /** As `ensure`, of requirements that are no file of a project: those of a model that a client logged. */
  ensureFrom(ctx: Context, request: BuildRequest, progress: (line: string) => void): Promise<Environment>;
  /** Throws MW-NOT-FOUND. */
  get(id: string): Promise<Environment>;
  list(): Promise<readonly Environment[]>;
}

/** The text of the requirements, and of the pyproject.toml that a uv.lock belongs to. */
async function readRequirements(spec: EnvironmentSpec, workspace: Workspace): Promise<BuildRequest> {
  const python = spec.python === undefined ? {} : { python: spec.python };
  const path = spec.requirements;
  if (path === undefined) return python;
  const slash = path.lastIndexOf('/') + 1;
  const name = path.slice(slash);
  const text = await workspace.read(path);
  const pyproject = `${path.slice(0, slash)}pyproject.toml`;
  if (name !== 'uv.lock' || !(await workspace.exists(pyproject))) return { ...python, requirements: { name, text } };
  const beside = { name: 'pyproject.toml', text: await workspace.read(pyproject) };
  return { ...python, requirements: { name, text, beside } };
}

/** `env-<16>` of a digest `sha256:<64>`. */
function environmentId(digest: string): string {
  return `env-${digest.replace(/^sha256:/, '').slice(0, 16)}`;
}

export function createEnvironments({ store, builder, clock, ids }: EnvironmentsDeps): Environments {
  async function record(ctx: Context, built: BuiltEnvironment, buildMs: number, project: string): Promise<Environment> {
    const { reused: _, ...facts } = built;
    return store.transaction(async (tx) => {
      const id = environmentId(built.digest);
      const known = await tx.environments.get(id);
      if (known !== undefined) {
        // Other words for the same lock (a comment, an order) are built in a folder of their own; the newest is surely there.
        if (known.interpreter === built.interpreter) return known;
        return tx.environments.update(id, (row) => ({ ...row, interpreter: built.interpreter }));
      }
      const environment: Environment = { ...facts, id, createdAt: clock.now(), buildMs };
      await tx.environments.insert(environment);
      await tx.events.append({
        id: ids.next('evt'),
        type: 'environment.built',
        at: environment.createdAt,
        project,
        actor: ctx.principal.name,
        ...(ctx.cause === undefined ? {} : { cause: ctx.cause }),
        data: { environmentId: id, packages: built.packages.length, ms: buildMs },
      });
      return environment;
    });
  }

  async function build(
    ctx: Context,
    request: BuildRequest,
    progress: (line: string) => void,
    project: string,
  ): Promise<Environment> {
    const started = clock.monotonic();
    const built = await builder.build(request, progress, ctx.signal);
    return record(ctx, built, Math.round(clock.monotonic() - started), project);
  }

  return {
    async ensure(ctx, spec, workspace, progress, project = '') {
      return build(ctx, await readRequirements(spec, workspace), progress, project);
    },
    ensureFrom: (ctx, request, progress) => build(ctx, request, progress, ''),
    async get(id) {
      const found = await store.environments.get(id);
      if (found === undefined)
        throw new MillwrightError('MW-NOT-FOUND', `there is no environment "${id}"`, { where: id });
      return found;
    },
    list: () => store.environments.find({ limit: 1_000 }),
  };
}
