import { useEffect, useRef } from 'react';
import type { Run } from '../../api/types.ts';
import { useText } from '../../i18n/use-text.tsx';
import { InPlace } from './in-place.tsx';
import { RUN_NAME, useTagRun } from './use-tag-run.ts';

const MOST = 250;

export interface RunNameProps {
  readonly run: Run;
  readonly editing: boolean;
  readonly onEditing: (editing: boolean) => void;
}

/** The name of the run within its sentence, which can be written over. What lies in the trash keeps its name. */
export function RunName({ run, editing, onEditing }: RunNameProps) {
  const { t } = useText();
  const tag = useTagRun(run);
  const button = useRef<HTMLButtonElement>(null);
  const edited = useRef(false);
  useEffect(() => {
    if (edited.current && !editing) button.current?.focus();
    edited.current = editing;
  }, [editing]);
  if (run.deletedAt !== undefined) return <b>{run.name}</b>;
  if (editing)
    return (
      <InPlace
        className="box inplace"
        value={run.name}
        label={t('run.name')}
        maxLength={MOST}
        onSave={(name) => {
          if (name !== '') void tag(RUN_NAME, name);
        }}
        onClose={() => onEditing(false)}
      />
    );
  return (
    <button ref={button} type="button" className="rename" title={t('run.rename')} onClick={() => onEditing(true)}>
      {run.name}
    </button>
  );
}
