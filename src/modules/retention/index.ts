/** What is deleted can come back until it is collected; what is collected is gone, and only what nothing reaches is collected. */
import { MillwrightError } from '../../domain/errors.ts';
import type { ArtifactStore } from '../../ports/artifact-store.ts';
import type { Clock, Ids } from '../../ports/clock.ts';
import type { Context } from '../../ports/context.ts';
import type { Executor } from '../../ports/executor.ts';
import type { MetadataStore } from '../../ports/metadata-store.ts';
import type { DeletedThing } from '../../ports/retention-store.ts';
import { applyPlan, type Removers } from './apply.ts';
import type { RowKind } from './decide.ts';
import { mark, NOTHING } from './mark.ts';
import { type Kind, planCollection, type Thing } from './plan.ts';

interface RetentionDeps {
  readonly store: MetadataStore;
  readonly artifacts: ArtifactStore;
  readonly executor: Pick<Executor, 'list' | 'clean'>;
  readonly removers: Removers;
  readonly clock: Clock;
  readonly ids: Ids;
}

export interface Collection {
  readonly applied: boolean;
  readonly goes: readonly Thing[];
  readonly totals: readonly { readonly kind: Kind; readonly items: number; readonly bytes: number }[];
  readonly freedBytes: number;
  readonly kept: readonly {
    readonly kind: RowKind;
    readonly id: string;
    readonly label: string;
    readonly because: string;
  }[];
  readonly ms: number;
}

export interface Storage {
  readonly blobs: number;
  readonly blobBytes: number;
  readonly namedBytes: number;
  readonly namedBlobBytes: number;
  readonly artifacts: number;
}

export interface Retention {
  /**
   * What nothing reaches any more. With `apply` it is deleted, and the totals are what was; one at a time (MW-CONFLICT). What was
   * deleted less than `olderThanDays` ago stays.
   */
  collect(ctx: Context, options: { readonly apply: boolean; readonly olderThanDays: number }): Promise<Collection>;
  /** The last deleted first; bytes are what its artifacts name. */
  trash(limit: number): Promise<{ readonly items: readonly Thing[]; readonly total: number }>;
  /** With an experiment come its runs. Throws MW-NOT-FOUND; MW-STATE for a run of a deleted experiment. */
  restore(kind: DeletedThing['kind'], id: string): Promise<void>;
  /** At most half a minute old. */
  storage(): Promise<Storage>;
}

const DAY_MS = 86_400_000;
const STORAGE_MS = 30_000;
const KEPT_LISTED = 1_000;

const notInTrash = (kind: string, id: string): MillwrightError =>
  new MillwrightError('MW-NOT-FOUND', `there is no deleted ${kind} "${id}"`, {
    where: id,
    next: 'see what can be restored: mw gc --trash',
  });

export function createRetention(deps: RetentionDeps): Retention {
  const { store, artifacts, clock, ids } = deps;
  let collecting = false;
  let counted: { readonly at: number; readonly storage: Promise<Storage> } | undefined;

  async function count(): Promise<Storage> {
    const { artifacts: rows, namedBytes, namedBlobBytes } = await mark(store, artifacts, clock.now(), NOTHING);
    let blobs = 0;
    let blobBytes = 0;
    for await (const blob of artifacts.list()) {
      blobs += 1;
      blobBytes += blob.bytes;
    }
    return { blobs, blobBytes, namedBytes, namedBlobBytes, artifacts: rows };
  }

  async function collectNow(ctx: Context, apply: boolean, olderThanDays: number): Promise<Collection> {
    const started = clock.monotonic();
    const now = clock.now();
    const plan = await planCollection(deps, now, now - olderThanDays * DAY_MS);
    const kept = plan.kept.slice(0, KEPT_LISTED);
    const planned = {
      goes: plan.goes,
      kept,
      totals: plan.totals,
      freedBytes: plan.totals.reduce((sum, one) => sum + one.bytes, 0),
    };
    const ms = (): number => Math.round(clock.monotonic() - started);
    if (!apply) return { applied: false, ...planned, ms: ms() };
    const done = await applyPlan({ ...deps, now: () => clock.now() }, plan);
    counted = undefined;
    await store.events.append({
      id: ids.next('evt'),
      type: 'storage.collected',
      at: clock.now(),
      project: '',
      actor: ctx.principal.name,
      data: {
        items: done.totals.reduce((sum, one) => sum + one.items, 0),
        freedBytes: done.freedBytes,
        kept: plan.kept.length,
      },
    });
    return { applied: true, ...planned, totals: done.totals, freedBytes: done.freedBytes, ms: ms() };
  }

  return {
    async collect(ctx, { apply, olderThanDays }) {
      if (!apply) return collectNow(ctx, false, olderThanDays);
      if (collecting) {
        throw new MillwrightError('MW-CONFLICT', 'a collection is under way', {
          next: 'wait for it, then look again: mw gc',
        });
      }
      collecting = true;
      try {
        return await collectNow(ctx, true, olderThanDays);
      } finally {
        collecting = false;
      }
    },

    async trash(limit) {
      const { items, total } = await store.retention.trash(limit);
      const named = new Map<string, number>();
      for (const [kind, owner] of [
        ['run', 'run'],
        ['logged-model', 'model'],
      ] as const) {
        const ofKind = items.filter((one) => one.kind === kind).map((one) => one.id);
        for (const [id, bytes] of await store.retention.namedBytes(owner, ofKind)) named.set(`${kind}:${id}`, bytes);
      }
      return {
        total,
        items: items.map(({ kind, id, label, deletedAt }) => ({
          kind,
          id,
          label,
          bytes: named.get(`${kind}:${id}`) ?? 0,
          at: deletedAt,
        })),
      };
    },

    async restore(kind, id) {
      await store.transaction(async (tx) => {
        if (kind === 'run') {
          const run = await tx.tracking.getRunInfo(id);
          if (run?.lifecycle !== 'deleted') throw notInTrash(kind, id);
          if ((await tx.tracking.getExperiment(run.experimentId))?.lifecycle === 'deleted') {
            throw new MillwrightError('MW-STATE', `the experiment of run ${id} is deleted too`, {
              where: id,
              next: `restore the experiment ${run.experimentId}, which brings its runs back`,
            });
          }
          await tx.tracking.updateRun(id, { lifecycle: 'active', deletedAt: null });
        } else if (kind === 'experiment') {
          if ((await tx.tracking.getExperiment(id))?.lifecycle !== 'deleted') throw notInTrash(kind, id);
          await tx.tracking.updateExperiment(id, { lifecycle: 'active', updatedAt: clock.now() });
        } else if (!(await tx.retention.restoreModel(id, clock.now()))) throw notInTrash(kind, id);
      });
    },

    storage() {
      const now = clock.monotonic();
      if (counted === undefined || now - counted.at > STORAGE_MS) {
        counted = { at: now, storage: count() };
        counted.storage.catch(() => {
          counted = undefined;
        });
      }
      return counted.storage;
    },
  };
}
