import { useRef, useState } from 'react';
import type { RunsAsked } from '../../api/run-queries.ts';
import { useText } from '../../i18n/use-text.tsx';
import { useToast } from '../../parts/toasts.tsx';
import { csvOf, download } from './runs-csv.ts';
import type { RunColumn } from './runs-search.ts';

export interface RunsToolsProps {
  readonly shown: number;
  readonly all: number;
  readonly grouped: boolean;
  readonly trash: boolean;
  readonly asked: RunsAsked;
  readonly columns: readonly RunColumn[];
  /** Of the file. */
  readonly name: string;
  readonly empty: boolean;
  readonly onDialog: (dialog: 'columns' | 'views' | 'group') => void;
  readonly onTrash: () => void;
  readonly onCopyLink: () => void;
}

/** What changes or takes out the whole table. */
export function RunsTools(props: RunsToolsProps) {
  const { shown, all, grouped, trash, asked, columns, name, empty, onDialog, onTrash, onCopyLink } = props;
  const { t, f } = useText();
  const toast = useToast();
  const [progress, setProgress] = useState<readonly [number, number]>();
  const stop = useRef<AbortController>(undefined);
  const exportCsv = async (): Promise<void> => {
    if (progress !== undefined) {
      stop.current?.abort();
      return;
    }
    const abort = new AbortController();
    stop.current = abort;
    setProgress([0, 0]);
    try {
      const { file, rows } = await csvOf(asked, columns, (done, total) => setProgress([done, total]), abort.signal);
      download(file, `${name}.csv`);
      toast({ text: t('runs.csv.done', { n: rows, file: `${name}.csv` }) });
    } catch (error) {
      if (!abort.signal.aborted) toast({ text: error instanceof Error ? error.message : String(error), failed: true });
    } finally {
      setProgress(undefined);
    }
  };
  return (
    <div className="tools">
      <button type="button" className="btn" aria-pressed={grouped} onClick={() => onDialog('group')}>
        {t('groups.title')} <kbd>B</kbd>
      </button>
      <button type="button" className="btn hide-s" onClick={() => onDialog('columns')}>
        {t('runs.columns', { shown, all })} <kbd>E</kbd>
      </button>
      <button type="button" className="btn" onClick={() => onDialog('views')}>
        {t('views.title')} <kbd>V</kbd>
      </button>
      <button type="button" className="btn hide-s" onClick={() => void exportCsv()} disabled={empty}>
        {progress === undefined
          ? t('runs.csv')
          : t('runs.csv.progress', { done: f.int(progress[0]), total: f.int(progress[1]) })}
      </button>
      <button type="button" className="btn hide-s" onClick={onCopyLink}>
        {t('link.copy')} <kbd>Y</kbd>
      </button>
      <button type="button" className="btn" aria-pressed={trash} onClick={onTrash}>
        {t(trash ? 'runs.trash.leave' : 'runs.trash')}
      </button>
    </div>
  );
}
