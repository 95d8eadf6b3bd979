import { Dialog } from '@base-ui/react/dialog';
import { useQuery } from '@tanstack/react-query';
import { useMemo, useRef, useState, type KeyboardEvent } from 'react';
import { addresses } from '../api/addresses.ts';
import { queries } from '../api/queries.ts';
import { useText } from '../i18n/use-text.tsx';
import { useGo } from '../parts/go.tsx';
import { activeKeys } from './key-map.ts';
import { KeyCaps } from './key-caps.tsx';

interface Choice {
  readonly id: string;
  readonly group: 'go' | 'do';
  readonly text: string;
  readonly note: string;
  readonly keys?: string;
  readonly run: () => void;
}

function useChoices(project: string, open: boolean): readonly Choice[] {
  const { t } = useText();
  const go = useGo();
  const home = useQuery({ ...queries.home(), enabled: open });
  const models = useQuery({ ...queries.models(), enabled: open });
  const endpoints = useQuery({ ...queries.endpoints(), enabled: open, refetchInterval: false });
  const pipelines = useQuery({ ...queries.pipelineRuns('-'), enabled: open });
  const monitors = useQuery({ ...queries.monitors('-'), enabled: open });
  return useMemo(() => {
    const place = (id: string, text: string, note: string, to: string): Choice => ({
      id,
      group: 'go',
      text,
      note,
      run: () => go(to),
    });
    const things: Choice[] = [
      ...(home.data?.projects ?? []).map((one) =>
        place(`p ${one.name}`, one.name, t('palette.project'), addresses.project(one.name)),
      ),
      ...(endpoints.data?.endpoints ?? []).map((one) =>
        place(`e ${one.name}`, one.name, t('palette.endpoint'), addresses.endpoint(one.project, one.name)),
      ),
      ...(models.data?.models ?? []).flatMap((one) => [
        place(`m ${one.name}`, one.name, t('palette.model'), addresses.model(project, one.name)),
        ...(one.latest === undefined
          ? []
          : [
              place(
                `v ${one.name}`,
                `v${one.latest.number}`,
                t('palette.version', { model: one.name }),
                addresses.version(project, one.name, one.latest.number),
              ),
            ]),
      ]),
      ...(monitors.data?.monitors ?? []).flatMap((one) => [
        place(
          `o ${one.id}`,
          one.name,
          t('palette.monitor', { project: one.project }),
          addresses.monitor(one.project, one.name),
        ),
        ...(one.alert === undefined
          ? []
          : [
              place(
                `a ${one.alert.id}`,
                t('incident.name', { n: one.alert.number }),
                one.alert.text,
                addresses.incident(one.project, one.alert.number),
              ),
            ]),
      ]),
      ...(pipelines.data?.pipelineRuns ?? [])
        .slice(0, 20)
        .map((one) =>
          place(
            `r ${one.id}`,
            t('pipeline.name', { n: one.number }),
            `${one.project} · ${t(`pipeline.${one.status}`)}`,
            addresses.pipelineRun(one.project, one.number),
          ),
        ),
    ];
    const actions = (open ? activeKeys() : []).map(
      (action): Choice => ({
        id: `k ${action.keys}`,
        group: 'do',
        text: action.label,
        note: action.command ?? '',
        keys: action.keys,
        run: action.run,
      }),
    );
    return [...things, ...actions];
  }, [home.data, endpoints.data, models.data, monitors.data, pipelines.data, open, project, go, t]);
}

/** Every word must occur somewhere; names that begin with the first word come first. */
function match(choices: readonly Choice[], text: string): readonly Choice[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const found = choices.filter((choice) =>
    words.every((word) => `${choice.text} ${choice.note}`.toLowerCase().includes(word)),
  );
  const first = words[0] ?? '';
  const rank = (choice: Choice): number =>
    choice.group === 'do' ? 2 : choice.text.toLowerCase().startsWith(first) ? 0 : 1;
  return found.toSorted((a, b) => rank(a) - rank(b)).slice(0, 40);
}

/** ⌘K: things first, then what can be done on this page, then everywhere. */
export function Palette({
  open,
  onClose,
  project,
}: {
  readonly open: boolean;
  readonly onClose: () => void;
  readonly project: string;
}) {
  const { t } = useText();
  const [text, setText] = useState('');
  const [at, setAt] = useState(0);
  const input = useRef<HTMLInputElement>(null);
  const go = useGo();
  const choices = useChoices(project, open);
  const asked = text.trim();
  const matching = match(choices, text);
  // What looks like the id of a prediction can be looked for, whatever it is called.
  const found =
    /^[\w-]{8,}(?:\/\d+)?$/.test(asked) && /\d/.test(asked)
      ? [
          ...matching,
          {
            id: 'prediction',
            group: 'do' as const,
            text: asked,
            note: t('find.prediction.palette'),
            run: () => go(`${addresses.endpoints(project)}?id=${encodeURIComponent(asked)}`),
          },
        ]
      : matching;
  const chosen = Math.min(at, found.length - 1);
  const close = (): void => {
    setText('');
    setAt(0);
    onClose();
  };
  const run = (choice: Choice | undefined): void => {
    if (choice === undefined) return;
    close();
    choice.run();
  };
  const onKey = (event: KeyboardEvent): void => {
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
    if (step !== 0) {
      event.preventDefault();
      const next = (chosen + step + found.length) % Math.max(1, found.length);
      setAt(next);
      document.getElementById(`choice-${next}`)?.scrollIntoView({ block: 'nearest' });
    } else if (event.key === 'Enter') {
      event.preventDefault();
      run(found[chosen]);
    }
  };
  return (
    <Dialog.Root open={open} onOpenChange={(next) => (next ? undefined : close())}>
      <Dialog.Portal>
        <Dialog.Backdrop className="backdrop" />
        <Dialog.Popup className="float dlg wide pal" initialFocus={input}>
          <Dialog.Title className="sr">{t('find')}</Dialog.Title>
          <div className="in">
            <svg width="14" height="14" viewBox="0 0 13 13" aria-hidden="true">
              <circle cx="5.5" cy="5.5" r="4" fill="none" stroke="currentColor" strokeWidth="1.4" />
              <path d="M8.6 8.6L12 12" stroke="currentColor" strokeWidth="1.4" />
            </svg>
            <input
              ref={input}
              value={text}
              onChange={(event) => {
                setText(event.target.value);
                setAt(0);
              }}
              onKeyDown={onKey}
              role="combobox"
              aria-expanded="true"
              aria-controls="choices"
              aria-label={t('find')}
              aria-activedescendant={found.length > 0 ? `choice-${chosen}` : undefined}
              placeholder={t('palette.hint')}
              autoComplete="off"
              spellCheck={false}
            />
            <kbd>esc</kbd>
          </div>
          <div className="opts" id="choices" role="listbox" aria-label={t('find')} tabIndex={-1}>
            {found.map((choice, i) => (
              <div key={choice.id} role="presentation">
                {found[i - 1]?.group === choice.group ? null : (
                  <div className="cap" role="presentation">
                    {t(choice.group === 'go' ? 'palette.go' : 'palette.do')}
                  </div>
                )}
                <div
                  className="opt"
                  role="option"
                  id={`choice-${i}`}
                  aria-selected={i === chosen}
                  onMouseMove={() => setAt(i)}
                  onClick={() => run(choice)}
                  onKeyDown={onKey}
                >
                  <b>{choice.text}</b>
                  <span className="dim">{choice.note}</span>
                  <span className="k">
                    {choice.keys === undefined ? i === chosen ? <kbd>↵</kbd> : null : <KeyCaps keys={choice.keys} />}
                  </span>
                </div>
              </div>
            ))}
          </div>
          <div className="cap" role="status">
            {found.length === 0 ? t('palette.none', { text }) : ''}
          </div>
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}
