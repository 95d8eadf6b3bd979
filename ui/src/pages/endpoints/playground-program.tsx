import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { queries } from '../../api/queries.ts';
import type { Endpoint, ModelSignature } from '../../api/types.ts';
import { useText } from '../../i18n/use-text.tsx';
import { CopyButton } from '../../parts/command-line.tsx';
import { Section } from '../../parts/section.tsx';
import { isWide, type Row } from './playground-fields.ts';
import { LANGUAGES, snippet, type Language } from './snippets.ts';

/** The same request from a program, and what the data plane itself tells about the model. */
export function PlaygroundProgram({
  endpoint,
  signature,
  rows,
}: {
  readonly endpoint: Endpoint;
  readonly signature: ModelSignature;
  readonly rows: readonly Row[];
}) {
  const { t } = useText();
  const [language, setLanguage] = useState<Language>('curl');
  const token = useQuery(queries.server()).data?.authRequired ?? false;
  const text = snippet(language, endpoint.restUrl, signature, rows, token);
  const model = endpoint.restUrl.replace(/\/infer$/, '');
  return (
    <>
      {/* A call without one of its inputs would be refused: then only the model's own documents show it. */}
      {signature.inputs.some((one) => isWide(one.shape)) ? null : (
        <Section
          title={t('play.program')}
          right={
            <span className="tabs" role="group" aria-label={t('play.language')}>
              {LANGUAGES.map((one) => (
                <button key={one} type="button" aria-pressed={one === language} onClick={() => setLanguage(one)}>
                  {one}
                </button>
              ))}
            </span>
          }
        >
          <div className="code psnippet">
            <pre tabIndex={0} aria-label={language}>
              {text}
            </pre>
            <CopyButton text={text} label={t('play.copy', { language })} />
          </div>
        </Section>
      )}
      <Section title={t('play.more')} sub={t('play.more.sub')}>
        <p className="plinks">
          {(
            [
              ['openapi.json', 'play.more.openapi'],
              ['docs', 'play.more.docs'],
              ['client.ts', 'play.more.ts'],
              ['client.py', 'play.more.py'],
            ] as const
          ).map(([file, key]) => (
            <a key={file} href={`${model}/${file}`} rel="noreferrer">
              {t(key)}
            </a>
          ))}
        </p>
      </Section>
    </>
  );
}
