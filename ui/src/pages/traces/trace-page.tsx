import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useRouter } from '@tanstack/react-router';
import { memo, useCallback, useDeferredValue, useEffect, useMemo, useRef, useState } from 'react';
import { addresses } from '../../api/addresses.ts';
import { deleteTraces, traceQueries, type TraceDetail } from '../../api/trace-queries.ts';
import { useText } from '../../i18n/use-text.tsx';
import { useKeys } from '../../keys/use-keys.ts';
import { CopyButton } from '../../parts/command-line.tsx';
import { Confirm } from '../../parts/confirm.tsx';
import { useGo } from '../../parts/go.tsx';
import { PageHead } from '../../parts/page-head.tsx';
import { Section } from '../../parts/section.tsx';
import { Empty } from '../../parts/states.tsx';
import { useToast } from '../../parts/toasts.tsx';
import { usePhone } from '../../parts/use-phone.ts';
import { Page } from '../page.tsx';
import { took } from './durations.ts';
import { SpanPanel } from './span-panel.tsx';
import { spanTree, visibleRows, type SpanNode, type SpanTree } from './span-tree.ts';
import { TraceAbout, TraceSaid } from './trace-about.tsx';
import { Waterfall } from './waterfall.tsx';
import '../../design/traces.css';

/** More than this is folded below the second level at first, so that the shape is seen before the detail. */
const MANY = 400;

const Answer = memo(function Answer({ detail, tree }: { readonly detail: TraceDetail; readonly tree: SpanTree }) {
  const { t, tx, f } = useText();
  const { trace, spans } = detail;
  const name = <b key="n">{trace.name ?? t('traces.unnamed')}</b>;
  const errors = spans.filter((span) => span.status === 'ERROR').length;
  const time = trace.durationMs === undefined ? took(tree.total, f) : f.duration(trace.durationMs);
  if (trace.state === 'IN_PROGRESS') return tx('trace.answer.running', { name, n: spans.length });
  if (trace.state === 'ERROR') return tx('trace.answer.failed', { name, took: time });
  if (errors > 0) return tx('trace.answer.errors', { name, took: time, errors, n: spans.length });
  return tx('trace.answer.ok', { name, took: time, n: trace.spans });
});

/** Why it failed, or where it waited longest. */
function Lede({ tree, onSelect }: { readonly tree: SpanTree; readonly onSelect: (id: string) => void }) {
  const { tx, f } = useText();
  const link = (node: SpanNode) => (
    <button key={node.span.id} type="button" className="link" onClick={() => onSelect(node.span.id)}>
      {node.span.name}
    </button>
  );
  const { cause } = tree;
  if (cause?.span.statusMessage !== undefined) {
    const message = cause.span.statusMessage.split('\n', 1)[0]?.slice(0, 240) ?? '';
    return tx('trace.lede.error', { span: link(cause), message });
  }
  const { longest } = tree;
  if (longest === undefined || tree.byId.size < 2) return null;
  return tx('trace.lede.most', {
    span: link(longest),
    time: took(longest.waited, f),
    share: f.pct(longest.waited / tree.total),
  });
}

const NOTHING: ReadonlySet<string> = new Set();

interface View {
  readonly rows: readonly SpanNode[];
  readonly folded: ReadonlySet<string>;
  readonly fold: (id: string) => void;
  readonly foldAll: (folded: boolean) => void;
}

/** The folded ones above a span. */
function hiddenBy(node: SpanNode | undefined, folds: ReadonlySet<string>): readonly string[] {
  const found: string[] = [];
  for (let at = node?.parent; at !== undefined; at = at.parent) if (folds.has(at.span.id)) found.push(at.span.id);
  return found;
}

function useFolds(tree: SpanTree, selected: string | undefined): View {
  const parents = useMemo(() => [...tree.byId.values()].filter((node) => node.children.length > 0), [tree]);
  const [folds, setFolds] = useState<ReadonlySet<string>>(
    () => new Set(tree.byId.size > MANY ? parents.filter((node) => node.depth >= 1).map((node) => node.span.id) : []),
  );
  // What is selected is seen: by a link, a search for errors, or a key.
  const hidden = hiddenBy(tree.byId.get(selected ?? ''), folds).join();
  const folded = useMemo(() => {
    if (hidden === '') return folds;
    const open = new Set(folds);
    for (const id of hidden.split(',')) open.delete(id);
    return open;
  }, [folds, hidden]);
  const rows = useMemo(() => visibleRows(tree, folded), [tree, folded]);
  return {
    rows,
    folded,
    fold: useCallback((id: string) => {
      setFolds((was) => {
        const next = new Set(was);
        if (!next.delete(id)) next.add(id);
        return next;
      });
    }, []),
    foldAll: (all) => setFolds(new Set(all ? parents.map((node) => node.span.id) : [])),
  };
}

function useTreeKeys(tree: SpanTree, view: View, selected: string | undefined, select: (id: string) => void): void {
  const { t } = useText();
  const { rows, folded, fold, foldAll } = view;
  const index = rows.findIndex((node) => node.span.id === selected);
  const node = rows[index];
  const to = (at: number): void => {
    const next = rows[Math.max(0, Math.min(rows.length - 1, at))];
    if (next !== undefined) select(next.span.id);
  };
  const left = (): void => {
    if (node === undefined) return;
    if (node.children.length > 0 && !folded.has(node.span.id)) fold(node.span.id);
    else if (node.parent !== undefined) select(node.parent.span.id);
  };
  const right = (): void => {
    const child = node?.children[0];
    if (node === undefined || child === undefined) return;
    if (folded.has(node.span.id)) fold(node.span.id);
    else select(child.span.id);
  };
  const nextError = (): void => {
    const failed = visibleRows(tree, NOTHING).filter((one) => one.span.status === 'ERROR');
    const at = failed.findIndex((one) => one.span.id === selected);
    const next = failed[(at + 1) % Math.max(1, failed.length)];
    if (next !== undefined) select(next.span.id);
  };
  useKeys([
    { keys: 'ArrowDown', label: t('keys.next'), run: () => to(index + 1) },
    { keys: 'j', label: t('keys.next'), run: () => to(index + 1) },
    { keys: 'ArrowUp', label: t('keys.previous'), run: () => to(index - 1) },
    { keys: 'k', label: t('keys.previous'), run: () => to(index - 1) },
    { keys: 'Home', label: t('traces.first'), run: () => to(0) },
    { keys: 'End', label: t('traces.last'), run: () => to(rows.length - 1) },
    { keys: 'ArrowLeft', label: t('trace.fold'), run: left },
    { keys: 'ArrowRight', label: t('trace.unfold'), run: right },
    { keys: 'shift+f', label: t('trace.fold.all'), run: () => foldAll(true) },
    { keys: 'shift+u', label: t('trace.unfold.all'), run: () => foldAll(false) },
    { keys: 'n', label: t('trace.next.error'), run: nextError },
  ]);
}

/** The address follows when the keys rest: a browser refuses more than a few changes of it a second. */
const ADDRESS_MS = 250;

function useSelectedSpan(trace: string, span: string | undefined) {
  const router = useRouter();
  // What was picked counts until the address says something else (back, a link).
  const [picked, setPicked] = useState({ at: span, id: span });
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  const at = useRef(span);
  useEffect(() => {
    at.current = span;
  }, [span]);
  // The same function as long as the trace is: every row of the tree holds it.
  const select = useCallback(
    (id: string): void => {
      setPicked({ at: at.current, id });
      clearTimeout(timer.current);
      timer.current = setTimeout(() => router.history.replace(addresses.trace(trace, id)), ADDRESS_MS);
    },
    [router, trace],
  );
  return [picked.at === span ? picked.id : span, select] as const;
}

function Detail({
  detail,
  readAt,
  span,
}: {
  readonly detail: TraceDetail;
  readonly readAt: number;
  readonly span: string | undefined;
}) {
  const { t, f } = useText();
  const go = useGo();
  const toast = useToast();
  const cache = useQueryClient();
  const narrow = usePhone();
  const [deleting, setDeleting] = useState(false);
  const { trace } = detail;
  const running = trace.state === 'IN_PROGRESS';
  // A clock in the drawing would differ at every look: the time of the last read stands for now.
  const now = running ? Math.max(0, readAt - trace.requestTime) * 1000 : 0;
  const tree = useMemo(() => spanTree(detail.spans, now), [detail.spans, now]);
  const cause = tree.cause?.span.id;
  const [wanted, select] = useSelectedSpan(trace.id, span);
  const selected = wanted !== undefined && tree.byId.has(wanted) ? wanted : (cause ?? tree.roots[0]?.span.id);
  const view = useFolds(tree, selected);
  useTreeKeys(tree, view, selected, select);
  // The mark moves with the key; what the span holds follows when there is time.
  const node = useDeferredValue(tree.byId.get(selected ?? ''));
  const command = `mlflow.get_trace("${trace.id}")`;
  const remove = (): void => {
    deleteTraces([trace.id]).then(
      () => {
        toast({ text: t('trace.delete.done') });
        go(addresses.traces());
        return cache.invalidateQueries({ queryKey: ['trace-rows'] });
      },
      (error: unknown) => toast({ text: String(error), failed: true }),
    );
  };
  return (
    <>
      <PageHead
        title={trace.name ?? trace.id}
        answer={<Answer detail={detail} tree={tree} />}
        lede={<Lede tree={tree} onSelect={select} />}
        actions={
          <>
            <CopyButton text={command} label={t('trace.copy')} />
            <button type="button" className="btn sm quiet" onClick={() => setDeleting(true)}>
              {t('trace.delete')}
            </button>
          </>
        }
      />
      <Confirm
        open={deleting}
        onClose={() => setDeleting(false)}
        question={t('trace.delete.question')}
        risk={t('trace.delete.risk')}
        plan={async () => [{ sign: '-', text: `${trace.name ?? ''} ${trace.id}`.trim() }]}
        planKey={['delete-trace', trace.id]}
        command={`python -c 'import mlflow; mlflow.MlflowClient().delete_traces("${trace.experimentId}", trace_ids=["${trace.id}"])'`}
        verb={t('trace.delete.verb')}
        keep={t('trace.delete.keep')}
        onConfirm={remove}
      />
      <div className="tracegrid">
        <Section first title={t('trace.waterfall')} sub={t('trace.waterfall.sub')}>
          {detail.spans.length === 0 ? (
            <Empty title={t('trace.nospans')} text={t('trace.nospans.text')} />
          ) : (
            <Waterfall
              tree={tree}
              rows={view.rows}
              selected={selected}
              folded={view.folded}
              narrow={narrow}
              onSelect={select}
              onFold={view.fold}
            />
          )}
          {detail.truncated ? <p className="meta">{t('trace.truncated', { n: f.int(detail.spans.length) })}</p> : null}
          <div className="hint hide-s">
            <span>
              <kbd>↑</kbd> <kbd>↓</kbd> {t('traces.move')}
            </span>
            <span>
              <kbd>←</kbd> {t('trace.fold')}
            </span>
            <span>
              <kbd>→</kbd> {t('trace.unfold')}
            </span>
            {cause === undefined ? null : (
              <span>
                <kbd>N</kbd> {t('trace.next.error')}
              </span>
            )}
          </div>
        </Section>
        {node === undefined ? null : <SpanPanel trace={trace.id} node={node} tree={tree} />}
      </div>
      <div className="tracebelow">
        <TraceSaid detail={detail} onSelect={select} />
        <TraceAbout detail={detail} />
      </div>
    </>
  );
}

export function TracePage({ id, span }: { readonly id: string; readonly span: string | undefined }) {
  const { t } = useText();
  const query = useQuery(traceQueries.trace(id));
  return (
    <Page query={query} title={t('nav.traces')}>
      {(detail) => <Detail detail={detail} readAt={query.dataUpdatedAt} span={span} />}
    </Page>
  );
}
