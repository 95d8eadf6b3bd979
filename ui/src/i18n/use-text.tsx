import { createContext, Fragment, useContext, useMemo, useState, type ReactNode } from 'react';
import { formats, type Formats } from './formats.ts';
import { keepLanguage, storedLanguage, type Language } from './language.ts';
import { fill, type Slots } from './message.ts';
import { MESSAGES, type Key } from './messages.ts';

export interface Text {
  readonly language: Language;
  readonly setLanguage: (language: Language) => void;
  /** Plain text, for attributes and simple labels. */
  readonly t: (key: Key, slots?: Readonly<Record<string, string | number>>) => string;
  /** Text whose slots may be elements. */
  readonly tx: (key: Key, slots: Slots) => ReactNode;
  readonly f: Formats;
}

const TextContext = createContext<Text | undefined>(undefined);

export function TextProvider({ children }: { readonly children: ReactNode }) {
  const [language, setLanguage] = useState(storedLanguage);
  const text = useMemo<Text>(() => {
    const index = language === 'ko' ? 1 : 0;
    return {
      language,
      setLanguage: (next) => {
        keepLanguage(next);
        setLanguage(next);
      },
      t: (key, slots = {}) => fill(MESSAGES[key][index], slots).join(''),
      tx: (key, slots) => fill(MESSAGES[key][index], slots).map((part, i) => <Fragment key={i}>{part}</Fragment>),
      f: formats(language),
    };
  }, [language]);
  return <TextContext.Provider value={text}>{children}</TextContext.Provider>;
}

export function useText(): Text {
  const text = useContext(TextContext);
  if (text === undefined) throw new Error('useText outside of TextProvider');
  return text;
}
