import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useEffect, useId, useMemo, useRef, useState, type KeyboardEvent } from 'react';
import { body, client } from '../../api/client.ts';
import { queries } from '../../api/queries.ts';
import type { LineageNode } from '../../api/types.ts';
import { KindMark } from '../../charts/lineage-shapes.tsx';
import { useText } from '../../i18n/use-text.tsx';
import { useKeys } from '../../keys/use-keys.ts';

interface Choice {
  readonly node: string;
  readonly kind: LineageNode['kind'];
  readonly text: string;
  readonly note: string;
}

/** Runs whose name holds the text, asked of the server a moment after the last key. */
function useRuns(text: string): readonly Choice[] {
  const [asked, setAsked] = useState('');
  useEffect(() => {
    const timer = setTimeout(() => setAsked(text.trim()), 180);
    return () => clearTimeout(timer);
  }, [text]);
  const found = useQuery({
    queryKey: ['runs', 'named', asked],
    queryFn: ({ signal }) =>
      body(
        client.GET('/api/v1/runs', {
          signal,
          params: {
            query: {
              filter: `attributes.run_name ILIKE '%${asked.replaceAll(/['"\\%]/g, '')}%'`,
              limit: 8,
              columns: 'tags.none',
            },
          },
        }),
      ),
    enabled: asked.length >= 2,
    placeholderData: keepPreviousData,
    retry: false,
  });
  return asked.length < 2
    ? []
    : (found.data?.runs ?? []).map((run) => ({
        node: `run:${run.id}`,
        kind: 'run',
        text: run.name,
        note: `${run.experiment} · ${run.id.slice(0, 8)}`,
      }));
}

function useThings(open: boolean): readonly Choice[] {
  const { t, f } = useText();
  const models = useQuery({ ...queries.models(), enabled: open }).data?.models;
  const endpoints = useQuery({ ...queries.endpoints(), enabled: open, refetchInterval: false }).data?.endpoints;
  const datasets = useQuery({ ...queries.datasets('-'), enabled: open }).data?.datasets;
  const pipelines = useQuery({ ...queries.pipelineRuns('-'), enabled: open }).data?.pipelineRuns;
  const alerts = useQuery({ ...queries.alerts('-'), enabled: open }).data?.alerts;
  return useMemo(
    () => [
      ...(models ?? []).flatMap((one): Choice[] => [
        ...Object.entries(one.aliases).map(
          ([alias, version]): Choice => ({
            node: `version:${one.name}/${version}`,
            kind: 'version',
            text: `${one.name}/${version}`,
            note: alias,
          }),
        ),
        ...(one.latest === undefined || Object.values(one.aliases).includes(one.latest.number)
          ? []
          : [
              {
                node: `version:${one.name}/${one.latest.number}`,
                kind: 'version' as const,
                text: `${one.name}/${one.latest.number}`,
                note: t('models.latest'),
              },
            ]),
      ]),
      ...(endpoints ?? []).map(
        (one): Choice => ({ node: `endpoint:${one.name}`, kind: 'endpoint', text: one.name, note: one.project }),
      ),
      ...(datasets ?? []).map(
        (one): Choice => ({
          node: `dataset:${one.id}`,
          kind: 'dataset',
          text: `${one.name} ${one.digest.replace('sha256:', '').slice(0, 12)}`,
          note: `${one.project} · ${f.when(one.createdAt)}`,
        }),
      ),
      ...(alerts ?? []).map(
        (one): Choice => ({
          node: `alert:${one.id}`,
          kind: 'alert',
          text: t('incident.name', { n: one.number }),
          note: one.text,
        }),
      ),
      ...(pipelines ?? []).map(
        (one): Choice => ({
          node: `pipeline:${one.id}`,
          kind: 'pipeline',
          text: one.id,
          note: t(`pipeline.${one.status}`),
        }),
      ),
    ],
    [models, endpoints, datasets, pipelines, alerts, t, f],
  );
}

const MOST = 12;

/** What one types becomes a node: a name, `flights/3`, the first characters of a digest or of a run's id. */
export function LineageSearch({ onPick }: { readonly onPick: (node: string) => void }) {
  const { t } = useText();
  const id = useId();
  const field = useRef<HTMLInputElement>(null);
  const [text, setText] = useState('');
  const [open, setOpen] = useState(false);
  const [at, setAt] = useState(0);
  const things = useThings(open);
  const runs = useRuns(text);
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const named = things.filter((one) =>
    words.every((word) => `${one.text} ${one.note} ${t(`lineage.kind.${one.kind}`)}`.toLowerCase().includes(word)),
  );
  const found = [...named.slice(0, MOST - Math.min(4, runs.length)), ...runs].slice(0, MOST);
  const chosen = Math.min(at, found.length - 1);
  useKeys([{ keys: '/', label: t('lineage.search'), run: () => field.current?.focus() }]);
  const pick = (node: string): void => {
    setText('');
    setOpen(false);
    setAt(0);
    field.current?.blur();
    onPick(node);
  };
  const onKey = (event: KeyboardEvent): void => {
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault();
      setOpen(true);
      setAt((chosen + (event.key === 'ArrowDown' ? 1 : -1) + found.length) % Math.max(1, found.length));
    } else if (event.key === 'Enter') {
      event.preventDefault();
      // A name that is not in the list goes as it is: the server knows more than the list holds.
      const typed = text.trim();
      const exact = found.find((one) => one.node === typed || one.text === typed);
      const node = exact?.node ?? (typed.includes(':') ? typed : (found[chosen]?.node ?? typed));
      if (node !== '') pick(node);
    } else if (event.key === 'Escape') {
      setOpen(false);
      field.current?.blur();
    }
  };
  return (
    <div
      className="combo"
      onBlur={(event) => (event.currentTarget.contains(event.relatedTarget) ? undefined : setOpen(false))}
    >
      <input
        ref={field}
        className="inp"
        role="combobox"
        aria-label={t('lineage.search')}
        aria-expanded={open && found.length > 0}
        aria-controls={`${id}l`}
        aria-activedescendant={open && found.length > 0 ? `${id}${chosen}` : undefined}
        placeholder={t('lineage.search.hint')}
        autoComplete="off"
        spellCheck={false}
        value={text}
        maxLength={500}
        onFocus={() => setOpen(true)}
        onKeyDown={onKey}
        onChange={(event) => {
          setText(event.target.value);
          setAt(0);
          setOpen(true);
        }}
      />
      <div
        className="float opts"
        id={`${id}l`}
        role="listbox"
        aria-label={t('lineage.search')}
        hidden={!open || found.length === 0}
      >
        {found.map((one, i) => (
          <div
            key={one.node}
            id={`${id}${i}`}
            role="option"
            className="opt"
            aria-selected={i === chosen}
            tabIndex={-1}
            onMouseDown={(event) => event.preventDefault()}
            onMouseMove={() => setAt(i)}
            onClick={() => pick(one.node)}
            onKeyDown={onKey}
          >
            <KindMark kind={one.kind} />
            <b>{one.text}</b>
            <span className="dim">
              {t(`lineage.kind.${one.kind}`)} · {one.note}
            </span>
          </div>
        ))}
      </div>
    </div>
  );
}
