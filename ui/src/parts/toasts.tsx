import { createContext, useCallback, useContext, useEffect, useMemo, useState, type ReactNode } from 'react';
import { useText } from '../i18n/use-text.tsx';
import { useKeys } from '../keys/use-keys.ts';
import { StatusMark } from './status-mark.tsx';

export interface Toast {
  readonly text: ReactNode;
  /** A failure stays until it is closed. */
  readonly failed?: boolean;
  readonly undo?: () => void;
}

interface Shown extends Toast {
  readonly id: number;
}

const ToastContext = createContext<((toast: Toast) => void) | undefined>(undefined);
const STAYS_MS = 10_000;

function ToastRow({ toast, close }: { readonly toast: Shown; readonly close: () => void }) {
  const { t } = useText();
  const [held, setHeld] = useState(false);
  useEffect(() => {
    if (held || toast.failed) return;
    const timer = setTimeout(close, STAYS_MS);
    return () => clearTimeout(timer);
  }, [held, toast.failed, close]);
  const undo = toast.undo;
  return (
    <div
      className="float toast"
      role={toast.failed ? 'alert' : 'status'}
      onMouseEnter={() => setHeld(true)}
      onMouseLeave={() => setHeld(false)}
      onFocus={() => setHeld(true)}
      onBlur={() => setHeld(false)}
    >
      <StatusMark kind={toast.failed ? 'failed' : 'passed'} />
      <span>{toast.text}</span>
      {undo === undefined ? null : (
        <button
          type="button"
          className="btn sm"
          onClick={() => {
            undo();
            close();
          }}
        >
          {t('undo')} <kbd>⌘ Z</kbd>
        </button>
      )}
      <button type="button" className="btn sm quiet" onClick={close} aria-label={t('close')}>
        ×
      </button>
    </div>
  );
}

/** Only for what this person did; what the system did goes to the story. */
export function ToastProvider({ children }: { readonly children: ReactNode }) {
  const { t } = useText();
  const [toasts, setToasts] = useState<readonly Shown[]>([]);
  const close = useCallback((id: number) => setToasts((all) => all.filter((one) => one.id !== id)), []);
  const add = useCallback(
    (toast: Toast) => setToasts((all) => [...all.slice(-2), { ...toast, id: (all.at(-1)?.id ?? 0) + 1 }]),
    [],
  );
  const newest = toasts.findLast((toast) => toast.undo !== undefined);
  useKeys(
    newest === undefined
      ? []
      : [
          {
            keys: 'mod+z',
            label: t('undo'),
            run: () => {
              newest.undo?.();
              close(newest.id);
            },
          },
        ],
  );
  const rows = useMemo(
    () => toasts.map((toast) => <ToastRow key={toast.id} toast={toast} close={() => close(toast.id)} />),
    [toasts, close],
  );
  return (
    <ToastContext.Provider value={add}>
      {children}
      <div className="toasts">{rows}</div>
    </ToastContext.Provider>
  );
}

export function useToast(): (toast: Toast) => void {
  const toast = useContext(ToastContext);
  if (toast === undefined) throw new Error('useToast outside of ToastProvider');
  return toast;
}
