/** The reader's language. English and Korean are equals; each message is a pair, so neither can be forgotten. */
export type Language = 'en' | 'ko';

export function storedLanguage(): Language {
  const lang = document.documentElement.lang;
  return lang.startsWith('ko') ? 'ko' : 'en';
}

export function keepLanguage(language: Language): void {
  document.documentElement.lang = language;
  try {
    localStorage.setItem('mw.lang', language);
  } catch {
    // Storage is blocked: the choice holds until the page is closed.
  }
}
