import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { commands } from '../../api/commands.ts';
import { queries } from '../../api/queries.ts';
import type { Endpoint } from '../../api/types.ts';
import { useText } from '../../i18n/use-text.tsx';
import { useKeys } from '../../keys/use-keys.ts';
import { Confirm, type PlanLine } from '../../parts/confirm.tsx';
import { useToast } from '../../parts/toasts.tsx';
import { candidate, champion } from './roles.ts';

interface Way {
  readonly from: number;
  readonly to: number;
}

/** During a rollout back to the champion (of a shadow: its copies end), else to the release that is kept loaded. */
function wayBack(endpoint: Endpoint): Way | undefined {
  const [now, next] = [champion(endpoint), candidate(endpoint)];
  if (next !== undefined && now !== undefined) return { from: next.version, to: now.version };
  if (endpoint.mirror !== undefined && now !== undefined && endpoint.rollout?.status === 'running')
    return { from: endpoint.mirror.version, to: now.version };
  if (now !== undefined && endpoint.previousVersion !== undefined)
    return { from: now.version, to: endpoint.previousVersion };
  return undefined;
}

function planOf(endpoint: Endpoint, way: Way): readonly PlanLine[] {
  const share = (version: number): number => endpoint.releases.find((one) => one.version === version)?.percent ?? 0;
  if (endpoint.mirror?.version === way.from) {
    return [
      { sign: '~', text: `endpoint ${endpoint.name}  v${way.from} copies of ${endpoint.mirror.percent}% → 0%` },
      { sign: '=', text: `endpoint ${endpoint.name}  v${way.to} ${share(way.to)}%` },
    ];
  }
  return [
    { sign: '~', text: `endpoint ${endpoint.name}  v${way.to} ${share(way.to)}% → 100%` },
    { sign: '~', text: `endpoint ${endpoint.name}  v${way.from} ${share(way.from)}% → 0%` },
    { sign: '=', text: `model ${endpoint.model}, prediction log, monitors` },
  ];
}

/** Roll back: its plan first, Undo after it. */
export function RollBack({ endpoint }: { readonly endpoint: Endpoint }) {
  const { t, f } = useText();
  const toast = useToast();
  const client = useQueryClient();
  const [open, setOpen] = useState(false);
  const viewer = useQuery(queries.server()).data?.who.role === 'viewer';
  const way = wayBack(endpoint);
  const refresh = (): void => void client.invalidateQueries({ queryKey: ['endpoints'] });
  const deploy = useMutation({
    mutationFn: (version: number) => commands.deploy(endpoint.name, version),
    onSuccess: (_, version) => toast({ text: t('endpoint.deploy.done', { version, endpoint: endpoint.name }) }),
    onError: (error) => toast({ text: error.message, failed: true }),
    onSettled: refresh,
  });
  const back = useMutation({
    mutationFn: () => commands.rollback(endpoint.name),
    onSuccess: (done) =>
      toast({
        text: t('endpoint.rollback.done', { endpoint: endpoint.name, to: done.to, time: f.duration(done.ms) }),
        undo: () => deploy.mutate(done.from),
      }),
    onError: (error) => toast({ text: error.message, failed: true }),
    onSettled: refresh,
  });
  const blocked = viewer ? t('endpoint.viewer') : way === undefined ? t('endpoint.rollback.none') : undefined;
  useKeys(
    blocked === undefined
      ? [
          {
            keys: 'shift+u',
            label: t('endpoint.rollback'),
            run: () => setOpen(true),
            command: `mw rollback ${endpoint.name}`,
          },
        ]
      : [],
  );
  return (
    <>
      <button
        type="button"
        className="btn"
        onClick={() => setOpen(true)}
        disabled={blocked !== undefined || back.isPending}
        title={blocked}
      >
        {t('endpoint.rollback')} <kbd>⇧ U</kbd>
      </button>
      {blocked === undefined ? null : <span className="sr">{blocked}</span>}
      {way === undefined ? null : (
        <Confirm
          open={open}
          onClose={() => setOpen(false)}
          question={t('endpoint.rollback.question', { endpoint: endpoint.name, to: way.to })}
          risk={t('endpoint.rollback.risk', { from: way.from })}
          plan={() => Promise.resolve(planOf(endpoint, way))}
          planKey={['rollback', endpoint.name, endpoint.epoch]}
          command={`mw rollback ${endpoint.name}`}
          verb={t('endpoint.rollback.verb', { to: way.to })}
          keep={t('endpoint.rollback.keep', { from: way.from })}
          onConfirm={() => back.mutate()}
        />
      )}
    </>
  );
}
