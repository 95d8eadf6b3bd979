import { useText } from '../i18n/use-text.tsx';
import { StatusMark, type MarkKind } from './status-mark.tsx';

/** A mark with its word; `word` replaces the standard one, `hidden` keeps it for screen readers only. */
export function Status({
  kind,
  word,
  hidden = false,
  size,
}: {
  readonly kind: MarkKind;
  readonly word?: string;
  readonly hidden?: boolean;
  readonly size?: number;
}) {
  const { t } = useText();
  return (
    <span className="st">
      <StatusMark kind={kind} {...(size === undefined ? {} : { size })} />
      <span className={hidden ? 'sr' : undefined}>{word ?? t(`mark.${kind}`)}</span>
    </span>
  );
}
