/** Moves an alias for the loop. Gates that refuse are an answer, told by `alias.refused`, and no reason for the loop to stand still. */
import { MillwrightError } from '../../domain/errors.ts';
import type { Context } from '../../ports/context.ts';
import type { LoopDeps } from './deps.ts';

export async function followAlias(
  deps: Pick<LoopDeps, 'registry' | 'log'>,
  ctx: Context,
  { model, alias, version }: { readonly model: string; readonly alias: string; readonly version: number },
): Promise<void> {
  try {
    await deps.registry.setAlias(ctx, model, alias, version);
  } catch (error) {
    if (!(error instanceof MillwrightError && error.code === 'MW-GATE-REFUSED')) throw error;
    deps.log.info({ model, alias, version, reason: error.message }, 'an alias stays where it is');
  }
}
