import { useEffect, useRef, useState } from 'react';
import { body, client } from '../../api/client.ts';
import type { StepRun } from '../../api/types.ts';
import { useText } from '../../i18n/use-text.tsx';
import { useKeys } from '../../keys/use-keys.ts';
import { CopyButton } from '../../parts/command-line.tsx';
import { Failed } from '../../parts/states.tsx';

const KEPT_LINES = 4000;
const POLL_MS = 1000;

interface Tail {
  readonly text: string;
  readonly lines: number;
  readonly done: boolean;
  readonly error?: unknown;
}

const START: Tail = { text: '', lines: 0, done: false };

/** Reads a log from its start and keeps reading while the step writes; keeps the last lines only. */
function useTail(runId: string, step: string, attempt: number | undefined, wanted: boolean): Tail {
  const [tail, setTail] = useState<Tail>(START);
  useEffect(() => {
    if (!wanted) return;
    const stop = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const read = async (offset: number): Promise<void> => {
      try {
        const part = await body(
          client.GET('/api/v1/pipeline-runs/{id}/steps/{step}/log', {
            params: { path: { id: runId, step }, query: { offset, ...(attempt === undefined ? {} : { attempt }) } },
            signal: stop.signal,
          }),
        );
        if (stop.signal.aborted) return;
        setTail((was) => {
          const all = was.text + part.text;
          const lines = all.split('\n');
          return {
            text: lines.slice(-KEPT_LINES).join('\n'),
            lines: was.lines + part.text.split('\n').length - 1,
            done: part.done,
          };
        });
        // A full part means that there is more at once; an empty one is asked for again later.
        if (!part.done) timer = setTimeout(() => void read(part.next), part.text === '' ? POLL_MS : 50);
      } catch (error) {
        if (stop.signal.aborted) return;
        setTail((was) => ({ ...was, error }));
        timer = setTimeout(() => void read(offset), POLL_MS * 3);
      }
    };
    void read(0);
    return () => {
      stop.abort();
      clearTimeout(timer);
    };
  }, [runId, step, attempt, wanted]);
  return tail;
}

const tone = (line: string): string | undefined =>
  /\b(error|exception|traceback|fatal)\b/i.test(line) ? 'e' : /warn/i.test(line) ? 'w' : undefined;

/** The log of one try; follows its end until the reader scrolls away, and again with L. */
export function StepLog({
  runId,
  step,
  attempt,
}: {
  readonly runId: string;
  readonly step: StepRun;
  readonly attempt: number | undefined;
}) {
  const { t } = useText();
  const silent = step.reusedFrom !== undefined || step.status === 'waiting' || step.status === 'skipped';
  const tail = useTail(runId, step.step, attempt, !silent);
  const [follow, setFollow] = useState(true);
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (follow) box.current?.scrollTo({ top: box.current.scrollHeight });
  }, [tail.text, follow]);
  useKeys([
    { keys: 'l', label: t('prun.follow'), run: () => setFollow((was) => !was), command: `mw logs ${runId} -f` },
  ]);
  const empty =
    step.reusedFrom !== undefined
      ? t('prun.log.reused', { from: step.reusedFrom })
      : step.status === 'waiting'
        ? t('prun.log.waits')
        : tail.text === ''
          ? t('prun.log.none')
          : undefined;
  const lines = tail.text.split('\n');
  return (
    <>
      {tail.error === undefined ? null : <Failed error={tail.error} what={t('prun.log')} />}
      <div
        className="logbox"
        ref={box}
        role="log"
        aria-live="off"
        aria-label={`${t('prun.log')} ${step.step}`}
        tabIndex={0}
        onScroll={(event) => {
          const { scrollTop, clientHeight, scrollHeight } = event.currentTarget;
          setFollow(scrollTop + clientHeight >= scrollHeight - 24);
        }}
      >
        {empty === undefined ? (
          <pre>
            {lines.map((line, i) => (
              <span key={i} className={tone(line)}>
                {line}
                {'\n'}
              </span>
            ))}
          </pre>
        ) : (
          <p className="dim">{empty}</p>
        )}
      </div>
      <div className="hint">
        <span>
          <kbd>L</kbd> {follow && !tail.done ? t('prun.following') : t('prun.follow')}
        </span>
        <span className="dim">
          {tail.lines > KEPT_LINES ? t('prun.cut', { n: KEPT_LINES }) : t('prun.lines', { n: tail.lines })}
        </span>
        <CopyButton text={tail.text} />
      </div>
    </>
  );
}
