import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useId, useState } from 'react';
import { commands } from '../../api/commands.ts';
import { queries } from '../../api/queries.ts';
import type { Collected } from '../../api/types.ts';
import { useText } from '../../i18n/use-text.tsx';
import { Confirm } from '../../parts/confirm.tsx';
import { Section } from '../../parts/section.tsx';
import { Failed, Waiting } from '../../parts/states.tsx';
import { useToast } from '../../parts/toasts.tsx';
import { VirtualRows } from '../../parts/virtual-rows.tsx';
import { thingWord } from './things.ts';

function Found({ found }: { readonly found: Collected }) {
  const { t, f } = useText();
  const items = found.totals.reduce((sum, one) => sum + one.items, 0);
  return (
    <>
      <h3>
        {t('gc.goes')} <span className="meta">{t('gc.goes.sub', { n: items, bytes: f.bytes(found.freedBytes) })}</span>
      </h3>
      {items === 0 ? (
        <p className="mut">{t('gc.nothing')}</p>
      ) : (
        <>
          <p>
            {found.totals.map((one, i) => (
              <span key={one.kind}>
                {i === 0 ? '' : ' · '}
                <b>{f.int(one.items)}</b> {thingWord(one.kind, t)} <span className="dim">{f.bytes(one.bytes)}</span>
              </span>
            ))}
          </p>
          {found.goes.length === 0 ? null : (
            <VirtualRows
              label={t('gc.goes')}
              rows={found.goes}
              rowKey={(one) => `${one.kind} ${one.id}`}
              rowHeight={28}
              most="340px"
              columns={[
                {
                  key: 'kind',
                  head: t('trash.kind'),
                  width: '110px',
                  order: (one) => one.kind,
                  render: (one) => thingWord(one.kind, t),
                },
                {
                  key: 'label',
                  head: t('trash.name'),
                  width: 'minmax(140px, 1fr)',
                  order: (one) => one.label,
                  render: (one) => <span title={one.id}>{one.label}</span>,
                },
                {
                  key: 'at',
                  head: t('gc.last'),
                  width: '110px',
                  num: true,
                  wide: true,
                  order: (one) => one.at ?? 0,
                  render: (one) => (one.at === undefined ? <span className="dim">—</span> : f.when(one.at)),
                },
                {
                  key: 'bytes',
                  head: t('trash.bytes'),
                  width: '88px',
                  num: true,
                  order: (one) => one.bytes,
                  render: (one) => f.bytes(one.bytes),
                },
              ]}
            />
          )}
          {found.goes.length > 0 && items > found.goes.length ? (
            <p className="meta">{t('gc.shown', { n: found.goes.length, total: items })}</p>
          ) : null}
        </>
      )}
      <h3>
        {t('gc.kept')} <span className="meta">{t('gc.kept.sub', { n: found.kept.length })}</span>
      </h3>
      {found.kept.length === 0 ? (
        <p className="mut">{t('gc.kept.none')}</p>
      ) : (
        <VirtualRows
          label={t('gc.kept')}
          rows={found.kept}
          rowKey={(one) => `${one.kind} ${one.id}`}
          rowHeight={28}
          most="260px"
          columns={[
            { key: 'kind', head: t('trash.kind'), width: '110px', wide: true, render: (one) => thingWord(one.kind, t) },
            {
              key: 'label',
              head: t('trash.name'),
              width: 'minmax(130px, 1fr)',
              render: (one) => <span title={one.id}>{one.label}</span>,
            },
            {
              key: 'because',
              head: t('gc.because'),
              width: 'minmax(150px, 1.4fr)',
              render: (one) => (
                <span className="mut" title={one.because}>
                  {one.because}
                </span>
              ),
            },
          ]}
        />
      )}
    </>
  );
}

/** Plan, then delete: what nothing reaches any more, what stays and why. */
export function Collector() {
  const { t, f } = useText();
  const id = useId();
  const toast = useToast();
  const client = useQueryClient();
  const role = useQuery(queries.server()).data?.who.role;
  const [days, setDays] = useState(30);
  const [asking, setAsking] = useState(false);
  const [typed, setTyped] = useState('');
  const look = useMutation({ mutationFn: (older: number) => commands.collect(false, older) });
  const apply = useMutation({
    mutationFn: (older: number) => commands.collect(true, older),
    onSuccess: (done) => {
      toast({
        text: t('gc.done', {
          n: done.totals.reduce((sum, one) => sum + one.items, 0),
          bytes: f.bytes(done.freedBytes),
        }),
      });
      look.mutate(days);
    },
    onError: (error) => toast({ text: error.message, failed: true }),
    onSettled: () => {
      for (const key of ['storage', 'trash', 'runs', 'models']) void client.invalidateQueries({ queryKey: [key] });
    },
  });
  const blocked = role !== undefined && role !== 'admin' ? t('gc.admin') : undefined;
  const found = look.data;
  const items = found?.totals.reduce((sum, one) => sum + one.items, 0) ?? 0;
  const fresh = found !== undefined && look.variables === days;
  const word = String(items);
  return (
    <Section
      title={t('gc.title')}
      sub={found === undefined ? t('gc.sub') : t('gc.took', { time: f.duration(found.ms) })}
      right={
        <>
          <label htmlFor={`${id}d`}>{t('gc.days')}</label>
          <input
            id={`${id}d`}
            className="inp days"
            type="number"
            min={0}
            max={36_500}
            value={days}
            onChange={(event) => setDays(Math.min(36_500, Math.max(0, Number(event.target.value))))}
          />
          <button
            type="button"
            className="btn sm"
            disabled={blocked !== undefined || look.isPending}
            title={blocked}
            onClick={() => look.mutate(days)}
          >
            {t('gc.look')}
          </button>
          <button
            type="button"
            className="btn sm"
            disabled={blocked !== undefined || !fresh || items === 0 || apply.isPending}
            title={blocked ?? (fresh ? undefined : t('gc.lookfirst'))}
            onClick={() => {
              setTyped('');
              setAsking(true);
            }}
          >
            {t('gc.apply')}
          </button>
        </>
      }
    >
      {look.isPending ? (
        <Waiting what={t('gc.title')} rows={4} />
      ) : look.isError ? (
        <Failed error={look.error} what={t('gc.title')} retry={() => look.mutate(days)} />
      ) : found === undefined ? (
        <p className="mut">{blocked ?? t('gc.idle')}</p>
      ) : (
        <Found found={found} />
      )}
      <Confirm
        open={asking}
        onClose={() => setAsking(false)}
        question={t('gc.question', { n: items, bytes: f.bytes(found?.freedBytes ?? 0) })}
        risk={t('gc.risk')}
        plan={() =>
          Promise.resolve([
            ...(found?.totals ?? []).map((one) => ({
              sign: '-' as const,
              text: `${f.int(one.items)} ${thingWord(one.kind, t)}  ${f.bytes(one.bytes)}`,
            })),
            { sign: '=' as const, text: t('gc.plan.kept', { n: found?.kept.length ?? 0 }) },
          ])
        }
        planKey={['gc', days, found?.freedBytes, items]}
        command={`mw gc --apply --older-than ${days}d`}
        verb={t('gc.verb')}
        keep={t('version.promote.keep')}
        blocked={typed.trim() !== word}
        onConfirm={() => apply.mutate(days)}
      >
        <div className="form">
          <div>
            <label htmlFor={`${id}t`}>{t('gc.type', { word })}</label>
            <input
              id={`${id}t`}
              className="inp mono"
              inputMode="numeric"
              autoComplete="off"
              value={typed}
              onChange={(event) => setTyped(event.target.value)}
            />
          </div>
        </div>
      </Confirm>
    </Section>
  );
}
