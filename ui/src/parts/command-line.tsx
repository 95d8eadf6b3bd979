import { useEffect, useState } from 'react';
import { useText } from '../i18n/use-text.tsx';

/** Writes to the clipboard and says so for two seconds. False: the browser refused. */
function useCopy(): readonly [copied: boolean, copy: (text: string) => Promise<boolean>] {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), 2000);
    return () => clearTimeout(timer);
  }, [copied]);
  return [
    copied,
    async (text) => {
      try {
        await navigator.clipboard.writeText(text);
        setCopied(true);
        return true;
      } catch {
        return false;
      }
    },
  ];
}

export function CopyButton({ text, label }: { readonly text: string; readonly label?: string }) {
  const { t } = useText();
  const [copied, copy] = useCopy();
  return (
    <button
      type="button"
      className="btn sm quiet"
      onClick={() => void copy(text)}
      aria-label={copied ? t('copied') : `${label ?? t('copy')}: ${text.slice(0, 80)}`}
    >
      <span aria-live="polite">{copied ? t('copied') : (label ?? t('copy'))}</span>
    </button>
  );
}

export function CommandLine({ command }: { readonly command: string }) {
  return (
    <div className="cmd">
      <code>
        <span className="p" aria-hidden="true">
          ${' '}
        </span>
        {command}
      </code>
      <CopyButton text={command} />
    </div>
  );
}
