import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { commands } from '../../api/commands.ts';
import { queries } from '../../api/queries.ts';
import type { Trash as TrashItems } from '../../api/types.ts';
import { useText } from '../../i18n/use-text.tsx';
import { Section } from '../../parts/section.tsx';
import { Empty, Loaded } from '../../parts/states.tsx';
import { useToast } from '../../parts/toasts.tsx';
import { VirtualRows } from '../../parts/virtual-rows.tsx';
import { thingWord } from './things.ts';

type Item = TrashItems['items'][number];
type Restorable = 'run' | 'experiment' | 'logged-model';
const isRestorable = (kind: Item['kind']): kind is Restorable =>
  kind === 'run' || kind === 'experiment' || kind === 'logged-model';

/** What was deleted and can still come back. */
export function Trash() {
  const { t, f } = useText();
  const toast = useToast();
  const client = useQueryClient();
  const query = useQuery(queries.trash());
  const viewer = useQuery(queries.server()).data?.who.role === 'viewer';
  const refresh = (): void => {
    for (const key of ['trash', 'storage', 'runs']) void client.invalidateQueries({ queryKey: [key] });
  };
  const again = useMutation({
    mutationFn: (item: Item) => commands.deleteRuns([item.id]),
    onSuccess: (_, item) => toast({ text: t('trash.back', { name: item.label }) }),
    onError: (error) => toast({ text: error.message, failed: true }),
    onSettled: refresh,
  });
  const restore = useMutation({
    mutationFn: ({ kind, id }: { readonly kind: Restorable; readonly id: string; readonly item: Item }) =>
      commands.restore(kind, id),
    onSuccess: (_, { item }) =>
      toast({
        text: t('trash.restored', { name: item.label }),
        ...(item.kind === 'run' ? { undo: () => again.mutate(item) } : {}),
      }),
    onError: (error) => toast({ text: error.message, failed: true }),
    onSettled: refresh,
  });
  return (
    <Section
      title={t('trash.title')}
      sub={query.data === undefined ? undefined : t('trash.sub', { n: query.data.total })}
    >
      <Loaded query={query} what={t('trash.title')} rows={4}>
        {({ items, total }) =>
          items.length === 0 ? (
            <Empty title={t('trash.none')} text={t('trash.none.text')} />
          ) : (
            <>
              <VirtualRows
                label={t('trash.title')}
                rows={items}
                rowKey={(one) => `${one.kind} ${one.id}`}
                most="420px"
                columns={[
                  {
                    key: 'kind',
                    head: t('trash.kind'),
                    width: '110px',
                    wide: true,
                    order: (one) => one.kind,
                    render: (one) => thingWord(one.kind, t),
                  },
                  {
                    key: 'label',
                    head: t('trash.name'),
                    width: 'minmax(140px, 1fr)',
                    order: (one) => one.label,
                    render: (one) => (
                      <span title={one.id}>
                        <b>{one.label}</b>{' '}
                        <code className="dim">{one.id === one.label ? '' : one.id.slice(0, 12)}</code>
                      </span>
                    ),
                  },
                  {
                    key: 'at',
                    head: t('trash.deleted'),
                    width: '110px',
                    num: true,
                    wide: true,
                    order: (one) => one.at ?? 0,
                    render: (one) =>
                      one.at === undefined ? (
                        <span className="dim">{t('unknown')}</span>
                      ) : (
                        <span title={f.full(one.at)}>{f.when(one.at)}</span>
                      ),
                  },
                  {
                    key: 'bytes',
                    head: t('trash.bytes'),
                    width: '88px',
                    num: true,
                    wide: true,
                    order: (one) => one.bytes,
                    render: (one) => f.bytes(one.bytes),
                  },
                  {
                    key: 'restore',
                    head: <span className="sr">{t('trash.restore')}</span>,
                    width: '110px',
                    num: true,
                    render: (item) => {
                      const { kind, id } = item;
                      return isRestorable(kind) ? (
                        <button
                          type="button"
                          className="btn sm"
                          disabled={viewer || (restore.isPending && restore.variables.id === id)}
                          title={viewer ? t('alias.viewer') : undefined}
                          aria-label={t('trash.restore.of', { name: item.label })}
                          onClick={() => restore.mutate({ kind, id, item })}
                        >
                          {t('trash.restore')}
                        </button>
                      ) : (
                        ''
                      );
                    },
                  },
                ]}
              />
              {total > items.length ? <p className="meta">{t('shown.of', { n: items.length, total })}</p> : null}
            </>
          )
        }
      </Loaded>
    </Section>
  );
}
