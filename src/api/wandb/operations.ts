/** The GraphQL operations that wandb's client (0.31) uses to record a run: by their names, without a GraphQL engine. */
import { z } from 'zod';
import { MillwrightError } from '../../domain/errors.ts';
import type { WandbRun } from '../../domain/tracking.ts';
import type { Wandb, WandbArtifacts } from '../../modules/tracking/index.ts';
import type { Context } from '../../ports/context.ts';

export interface WandbDeps {
  readonly wandb: Wandb & WandbArtifacts;
  /** An address that takes a file of a run, and nothing else, for an hour. */
  readonly fileAddress: (run: string, path: string) => string;
  readonly artifactAddress: (artifactId: string, name: string, md5: string) => string;
}

const name = z.string().min(1).max(250);
const optional = z.string().max(100_000).nullish();
const text = (value: string | null | undefined): string | undefined => (value === null ? undefined : value);

const upsert = z.object({
  name: optional,
  project: optional,
  entity: optional,
  displayName: optional,
  notes: optional,
  config: z.string().max(8_000_000).nullish(),
  groupName: optional,
  jobType: optional,
  program: optional,
  host: optional,
  commit: optional,
  repo: optional,
  tags: z.array(z.string().max(250)).max(100).nullish(),
});
const runPath = z.object({ entity: optional, project: optional, name });
const runFiles = z.object({
  entity: name,
  project: name,
  run: name,
  files: z.array(z.string().min(1).max(1000)).max(10_000),
});
const artifact = z.object({
  input: z.object({
    entityName: name,
    projectName: name,
    runName: optional,
    artifactTypeName: name,
    artifactCollectionName: optional,
    artifactCollectionNames: z.array(z.string()).nullish(),
    digest: name,
    aliases: z.array(z.object({ alias: z.string().max(250) })).nullish(),
    description: optional,
    metadata: optional,
  }),
});
const manifest = z.object({ artifactID: z.string().max(1000), name, includeUpload: z.boolean().nullish() });
const artifactFiles = z.object({
  input: z.object({
    artifactFiles: z
      .array(z.object({ artifactID: z.string().max(1000), name: z.string().min(1).max(1000), md5: z.string().max(64) }))
      .max(10_000),
  }),
});
const commit = z.object({ artifactID: z.string().max(1000) });

function parse<S extends z.ZodType>(schema: S, variables: unknown): z.output<S> {
  const result = schema.safeParse(variables ?? {});
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  throw new MillwrightError('MW-INVALID', issue?.message ?? 'not valid', { where: issue?.path.join('.') ?? '' });
}

const count = (run: WandbRun, stream: string): number => run.offsets[stream] ?? 0;

function bucket(run: WandbRun) {
  const [entity = '', project = '', id = ''] = run.id.split('/');
  return {
    id: run.id,
    name: id,
    displayName: run.state['displayName'] ?? id,
    description: run.state['notes'] ?? null,
    config: run.state['config'] ?? '{}',
    sweepName: null,
    historyLineCount: count(run, 'wandb-history.jsonl'),
    project: { id: `${entity}/${project}`, name: project, entity: { id: entity, name: entity } },
  };
}

/** A stream's last line as the client reads it back: JSON of a list of lines. */
const tail = (run: WandbRun, stream: string): string => {
  const line = run.state[`tail:${stream}`];
  return JSON.stringify(typeof line === 'string' ? [line] : []);
};

export type Operation = (variables: unknown, ctx: Context) => Promise<unknown>;

const DEFAULT_PROJECT = 'uncategorized';

/** Each answers the `data` of one operation. What is not here is answered as an error that names it. */
export function operations({ wandb, fileAddress, artifactAddress }: WandbDeps): Readonly<Record<string, Operation>> {
  return {
    Viewer: async (_variables, ctx) => {
      const { name: who } = ctx.principal;
      return { viewer: { id: who, entity: who, username: who, email: null, flags: '{}', teams: { edges: [] } } };
    },
    OrganizationCoreWeaveOrganizationID: async () => ({ entity: null }),
    ServerFeaturesQuery: async () => ({ serverInfo: { features: [] } }),
    // Asked before an upload whether the name already has another type.
    ArtifactType: async () => ({ project: null }),

    UpsertBucket: async (variables, ctx) => {
      const given = parse(upsert, variables);
      const key = {
        entity: text(given.entity) ?? ctx.principal.name,
        project: text(given.project) ?? DEFAULT_PROJECT,
        name: text(given.name) ?? '',
      };
      const { run, inserted } = await wandb.upsertRun(key, {
        user: ctx.principal.name,
        displayName: text(given.displayName),
        notes: text(given.notes),
        config: text(given.config),
        group: text(given.groupName),
        jobType: text(given.jobType),
        program: text(given.program),
        host: text(given.host),
        commit: text(given.commit),
        repo: text(given.repo),
        ...(given.tags === null || given.tags === undefined ? {} : { tags: given.tags }),
      });
      return { upsertBucket: { bucket: bucket(run), inserted } };
    },

    RunResumeStatus: async (variables, ctx) => {
      const given = parse(runPath, variables);
      const entity = text(given.entity) ?? ctx.principal.name;
      const project = text(given.project) ?? DEFAULT_PROJECT;
      const run = await wandb.findRun({ entity, project, name: given.name });
      const found = run === undefined ? null : { ...bucket(run), ...resumable(run) };
      return {
        model: { id: `${entity}/${project}`, name: project, entity: { id: entity, name: entity }, bucket: found },
      };
    },

    CreateRunFiles: async (variables) => {
      const { entity, project, run, files } = parse(runFiles, variables);
      const key = `${entity}/${project}/${run}`;
      return {
        createRunFiles: {
          runID: key,
          uploadHeaders: [],
          files: files.map((file) => ({ name: file, uploadUrl: fileAddress(key, file) })),
        },
      };
    },

    CreateArtifact: async (variables) => {
      const { input } = parse(artifact, variables);
      const { id, committed } = await wandb.createArtifact(
        { entity: input.entityName, project: input.projectName, name: text(input.runName) ?? '' },
        {
          collection: text(input.artifactCollectionName) ?? input.artifactCollectionNames?.[0] ?? '',
          type: input.artifactTypeName,
          digest: input.digest,
          aliases: (input.aliases ?? []).map((one) => one.alias),
          description: text(input.description),
          metadata: text(input.metadata),
        },
      );
      const sequence = { latestArtifact: committed ? { id } : null };
      return {
        createArtifact: { artifact: { id, state: committed ? 'COMMITTED' : 'PENDING', artifactSequence: sequence } },
      };
    },

    CreateArtifactManifest: async (variables) => {
      const given = parse(manifest, variables);
      const file =
        given.includeUpload === true
          ? { id: given.name, uploadUrl: artifactAddress(given.artifactID, given.name, ''), uploadHeaders: [] }
          : { id: given.name };
      return { createArtifactManifest: { artifactManifest: { id: `${given.artifactID}/manifest`, file } } };
    },

    CreateArtifactFiles: async (variables) => {
      const { input } = parse(artifactFiles, variables);
      const edges = input.artifactFiles.map(({ artifactID, name: file, md5 }) => ({
        node: {
          id: file,
          name: file,
          displayName: file,
          storagePath: file,
          uploadUrl: artifactAddress(artifactID, file, md5),
          uploadHeaders: [],
          uploadMultipartUrls: null,
          artifact: { id: artifactID },
        },
      }));
      return { createArtifactFiles: { files: { edges } } };
    },

    CommitArtifact: async (variables) => {
      const { artifactID } = parse(commit, variables);
      await wandb.commitArtifact(artifactID);
      return { commitArtifact: { artifact: { id: artifactID, digest: '' } } };
    },
  };
}

function resumable(run: WandbRun) {
  return {
    summaryMetrics: run.state['summary'] ?? '{}',
    logLineCount: count(run, 'output.log'),
    eventsLineCount: count(run, 'wandb-events.jsonl'),
    historyTail: tail(run, 'wandb-history.jsonl'),
    eventsTail: tail(run, 'wandb-events.jsonl'),
    tags: run.state['tags'] ?? [],
    notes: run.state['notes'] ?? null,
    // Only whether it is there is looked at: a run without it was made but never begun.
    wandbConfig: '{"t":{}}',
  };
}
