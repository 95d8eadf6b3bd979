import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { addresses } from '../../api/addresses.ts';
import { commands } from '../../api/commands.ts';
import { queries } from '../../api/queries.ts';
import type { ModelVersionDetail } from '../../api/types.ts';
import { useText } from '../../i18n/use-text.tsx';
import { useKeys } from '../../keys/use-keys.ts';
import { Confirm } from '../../parts/confirm.tsx';
import { useGo } from '../../parts/go.tsx';
import { useToast } from '../../parts/toasts.tsx';
import { AliasMove } from './alias-move.tsx';

function Deploy({
  project,
  detail,
  blocked,
}: {
  readonly project: string;
  readonly detail: ModelVersionDetail;
  readonly blocked: string | undefined;
}) {
  const { t } = useText();
  const go = useGo();
  const toast = useToast();
  const client = useQueryClient();
  const [open, setOpen] = useState(false);
  const { model, number } = detail.version;
  const endpoint = useQuery(queries.endpoints()).data?.endpoints.find((one) => one.model === model)?.name ?? model;
  const command = `mw deploy ${model}/${number}`;
  const deploy = useMutation({
    mutationFn: () => commands.deploy(endpoint, number),
    onSuccess: () => {
      toast({ text: t('endpoint.deploy.done', { version: number, endpoint }) });
      go(addresses.endpoint(project, endpoint));
    },
    onError: (error) => toast({ text: error.message, failed: true }),
    onSettled: () => void client.invalidateQueries(),
  });
  useKeys(blocked === undefined ? [{ keys: 'd', label: t('version.deploy'), run: () => setOpen(true), command }] : []);
  return (
    <>
      <button
        type="button"
        className="btn"
        disabled={blocked !== undefined || deploy.isPending}
        title={blocked}
        onClick={() => setOpen(true)}
      >
        {t('version.deploy')} <kbd>D</kbd>
      </button>
      <Confirm
        open={open}
        onClose={() => setOpen(false)}
        question={t('version.deploy.question', { version: number, endpoint })}
        risk={t('version.deploy.risk')}
        plan={() => commands.plan(endpoint, number).then((plan) => plan.changes)}
        planKey={['deploy', endpoint, number]}
        command={command}
        verb={t('version.deploy.verb', { version: number })}
        keep={t('version.deploy.keep')}
        onConfirm={() => deploy.mutate()}
      />
    </>
  );
}

function Promote({ detail, blocked }: { readonly detail: ModelVersionDetail; readonly blocked: string | undefined }) {
  const { t } = useText();
  const [open, setOpen] = useState(false);
  const { model, number } = detail.version;
  const registered = useQuery(queries.model(model)).data?.model;
  const command = `mw promote ${model}/${number}`;
  useKeys(blocked === undefined ? [{ keys: 'p', label: t('version.promote'), run: () => setOpen(true), command }] : []);
  return (
    <>
      <button
        type="button"
        className="btn"
        disabled={blocked !== undefined || registered === undefined}
        title={blocked}
        onClick={() => setOpen(true)}
      >
        {t('version.promote')} <kbd>P</kbd>
      </button>
      {registered === undefined ? null : (
        <AliasMove model={registered} alias="champion" version={number} open={open} onClose={() => setOpen(false)} />
      )}
    </>
  );
}

/** What can be done with a version; a control that may not be used stays, with its reason. */
export function VersionActions({ project, detail }: { readonly project: string; readonly detail: ModelVersionDetail }) {
  const { t } = useText();
  const viewer = useQuery(queries.server()).data?.who.role === 'viewer';
  const viewerWhy = viewer ? t('endpoint.viewer') : undefined;
  const blocked = viewerWhy ?? (detail.version.verdict === 'refused' ? t('version.refused.why') : undefined);
  return (
    <>
      {detail.version.aliases.includes('champion') ? null : <Promote detail={detail} blocked={viewerWhy} />}
      <Deploy project={project} detail={detail} blocked={blocked} />
    </>
  );
}
