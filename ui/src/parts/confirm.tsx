import { Dialog } from '@base-ui/react/dialog';
import { useQuery } from '@tanstack/react-query';
import { useRef, type ReactNode } from 'react';
import { useText } from '../i18n/use-text.tsx';
import { CommandLine } from './command-line.tsx';
import { Failed, Waiting } from './states.tsx';

export interface PlanLine {
  readonly sign: '+' | '~' | '-' | '=';
  readonly text: string;
}

export interface ConfirmProps {
  readonly open: boolean;
  readonly onClose: () => void;
  readonly question: string;
  /** What can go wrong, and how it is undone. */
  readonly risk: ReactNode;
  /** The plan, read from the server where it makes one. */
  readonly plan: () => Promise<readonly PlanLine[]>;
  readonly planKey: readonly unknown[];
  readonly command: string;
  readonly verb: string;
  readonly keep: string;
  readonly onConfirm: () => void;
  /** What must be chosen or known before the verb can be pressed; stands above the plan. */
  readonly children?: ReactNode;
  /** The verb waits: something above is not chosen yet. */
  readonly blocked?: boolean;
}

const SIGN_CLASS = { '+': 'c-ok', '~': 'c-warn', '-': 'c-fail', '=': 'dim' } as const;

/** Nothing in the world changes before its plan was on screen. Focus starts on the safe button. */
export function Confirm({
  open,
  onClose,
  question,
  risk,
  plan,
  planKey,
  command,
  verb,
  keep,
  onConfirm,
  children,
  blocked = false,
}: ConfirmProps) {
  const { t } = useText();
  const safe = useRef<HTMLButtonElement>(null);
  const lines = useQuery({ queryKey: ['plan', ...planKey], queryFn: plan, enabled: open, gcTime: 0, retry: false });
  const unchanged = lines.data?.every((line) => line.sign === '=') ?? false;
  const confirm = (): void => {
    if (lines.data === undefined || unchanged || blocked) return;
    onConfirm();
    onClose();
  };
  return (
    <Dialog.Root open={open} onOpenChange={(next) => (next ? undefined : onClose())}>
      <Dialog.Portal>
        <Dialog.Backdrop className="backdrop" />
        <Dialog.Popup
          className="float dlg"
          initialFocus={safe}
          onKeyDown={(event) => {
            if (event.key === 'Enter' && (event.metaKey || event.ctrlKey)) confirm();
          }}
        >
          <Dialog.Title>{question}</Dialog.Title>
          <Dialog.Description className="mut">{risk}</Dialog.Description>
          {children}
          {lines.isError ? (
            <Failed error={lines.error} what={t('plan.what')} retry={() => void lines.refetch()} />
          ) : lines.data === undefined ? (
            <Waiting rows={2} what={t('plan.what')} />
          ) : (
            <div className="diff">
              {lines.data.map((line) => (
                <div key={line.text} className={line.sign === '=' ? 'dim' : undefined}>
                  <span className={SIGN_CLASS[line.sign]}>{line.sign === '-' ? '−' : line.sign}</span>
                  <span>{line.text}</span>
                </div>
              ))}
            </div>
          )}
          <CommandLine command={command} />
          <div className="acts">
            <Dialog.Close className="btn" ref={safe}>
              {keep} <kbd>esc</kbd>
            </Dialog.Close>
            <button
              type="button"
              className="btn pri"
              onClick={confirm}
              disabled={lines.data === undefined || unchanged || blocked}
            >
              {verb} <kbd>⌘ ↵</kbd>
            </button>
          </div>
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}
