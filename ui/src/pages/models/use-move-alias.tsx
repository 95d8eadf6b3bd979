import { Dialog } from '@base-ui/react/dialog';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState, type ReactNode } from 'react';
import { commands } from '../../api/commands.ts';
import { ApiProblem } from '../../api/problem.ts';
import { queries } from '../../api/queries.ts';
import { useText } from '../../i18n/use-text.tsx';
import { Waiting } from '../../parts/states.tsx';
import { useToast } from '../../parts/toasts.tsx';
import { GatesTable } from './gates-table.tsx';

interface Move {
  readonly alias: string;
  /** undefined: the alias is not there. */
  readonly from: number | undefined;
  readonly to: number | undefined;
  readonly undoes?: boolean;
}

interface Refusal {
  readonly alias: string;
  readonly version: number;
  readonly from: number | undefined;
  readonly message: string;
}

/** Why an alias did not move: its gates, as they were just judged, kept on the version. */
function Refused({
  model,
  refusal,
  onClose,
}: {
  readonly model: string;
  readonly refusal: Refusal | undefined;
  readonly onClose: () => void;
}) {
  const { t } = useText();
  const { alias = '', version = 0, from, message } = refusal ?? {};
  const detail = useQuery({ ...queries.version(model, version), enabled: refusal !== undefined });
  const gates = detail.data?.aliasResults.find((one) => one.alias === alias)?.gates ?? [];
  return (
    <Dialog.Root open={refusal !== undefined} onOpenChange={(next) => (next ? undefined : onClose())}>
      <Dialog.Portal>
        <Dialog.Backdrop className="backdrop" />
        <Dialog.Popup className="float dlg wide refused">
          <Dialog.Title>{t('alias.refused', { alias, version })}</Dialog.Title>
          <Dialog.Description className="mut">
            {gates.length === 0
              ? message
              : t('alias.refused.n', {
                  n: gates.filter((one) => one.passed !== true).length,
                  total: gates.length,
                })}{' '}
            {from === undefined ? t('alias.refused.none', { alias }) : t('alias.refused.stays', { alias, from })}
          </Dialog.Description>
          {gates.length > 0 ? (
            <div className="gap">
              <GatesTable gates={gates} color="var(--next)" scale={96} />
            </div>
          ) : detail.isFetching ? (
            <Waiting rows={2} what={t('version.gates')} />
          ) : null}
          <div className="acts">
            <Dialog.Close className="btn">
              {t('close')} <kbd>esc</kbd>
            </Dialog.Close>
          </div>
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

/** Moves an alias, offers to move it back, and shows the gates that refused it. */
export function useMoveAlias(model: string): {
  readonly move: (move: Move) => void;
  readonly moving: boolean;
  readonly refused: ReactNode;
} {
  const { t } = useText();
  const toast = useToast();
  const client = useQueryClient();
  const [refusal, setRefusal] = useState<Refusal>();
  const send = useMutation({
    mutationFn: ({ alias, to }: Move) =>
      to === undefined ? commands.deleteAlias(model, alias) : commands.promote(model, to, alias),
    onSuccess: (_, { alias, from, to, undoes = false }) =>
      toast({
        text: to === undefined ? t('alias.gone', { alias }) : t('alias.done', { alias, model, version: to }),
        ...(undoes ? {} : { undo: () => send.mutate({ alias, from: to, to: from, undoes: true }) }),
      }),
    onError: (error, { alias, from, to }) => {
      if (error instanceof ApiProblem && error.code === 'MW-GATE-REFUSED' && to !== undefined)
        setRefusal({ alias, version: to, from, message: error.message });
      else toast({ text: error.message, failed: true });
    },
    onSettled: () => {
      void client.invalidateQueries({ queryKey: ['models'] });
      void client.invalidateQueries({ queryKey: ['lineage'] });
    },
  });
  return {
    move: (one) => send.mutate(one),
    moving: send.isPending,
    refused: <Refused model={model} refusal={refusal} onClose={() => setRefusal(undefined)} />,
  };
}
