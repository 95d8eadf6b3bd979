import type { ReactNode } from 'react';
import { useText } from '../i18n/use-text.tsx';
import { StatusMark, type MarkKind } from './status-mark.tsx';

export interface StoryLine {
  readonly key: string;
  readonly at?: number;
  /** In place of a time: `≈ 15:30`, or nothing for what has no clock time yet. */
  readonly atText?: string;
  readonly mark: MarkKind;
  readonly what: ReactNode;
  readonly why?: ReactNode;
  readonly aside?: ReactNode;
  readonly future?: boolean;
}

/** What happened, in time order, each with its cause; what will happen is dashed. */
export function Story({ lines, narrow = false }: { readonly lines: readonly StoryLine[]; readonly narrow?: boolean }) {
  const { t, f } = useText();
  return (
    <ol className={narrow ? 'story narrow' : 'story'}>
      {lines.map((line) => (
        <li key={line.key} className={line.future ? 'future' : undefined}>
          {line.at === undefined ? (
            <time>{line.atText ?? ''}</time>
          ) : (
            <time dateTime={new Date(line.at).toISOString()} title={f.full(line.at)}>
              {line.atText ?? f.when(line.at)}
            </time>
          )}
          <span className="g">
            <StatusMark kind={line.mark} />
            <span className="sr">{t(`mark.${line.mark}`)}</span>
          </span>
          <div>
            {line.what}
            {line.why === undefined || line.why === '' ? null : <span className="why">{line.why}</span>}
          </div>
          {narrow ? null : <span className="ex">{line.aside}</span>}
        </li>
      ))}
    </ol>
  );
}
