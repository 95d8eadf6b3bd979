import { useEffect, useRef, type KeyboardEvent } from 'react';

export interface InPlaceProps {
  readonly value: string;
  readonly label: string;
  readonly maxLength: number;
  readonly className?: string;
  /** Called with what was written when it differs. */
  readonly onSave: (value: string) => void;
  readonly onClose: () => void;
}

/** A text that is written over where it stands: Enter saves, Escape keeps what was. */
export function InPlace({ value, label, maxLength, className = 'box', onSave, onClose }: InPlaceProps) {
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => input.current?.select(), []);
  const onKey = (event: KeyboardEvent<HTMLInputElement>): void => {
    // Enter that ends a syllable of an input method is not meant for us.
    if (event.nativeEvent.isComposing) return;
    if (event.key !== 'Enter' && event.key !== 'Escape') return;
    event.preventDefault();
    event.stopPropagation();
    const written = event.currentTarget.value.trim();
    if (event.key === 'Enter' && written !== value) onSave(written);
    onClose();
  };
  return (
    <input
      ref={input}
      className={className}
      defaultValue={value}
      aria-label={label}
      maxLength={maxLength}
      size={Math.min(40, Math.max(12, value.length + 2))}
      spellCheck={false}
      autoComplete="off"
      onKeyDown={onKey}
      // What was written stays open until it is saved or thrown away; nothing written needs no answer.
      onBlur={(event) => {
        if (event.currentTarget.value.trim() === value) onClose();
      }}
    />
  );
}
