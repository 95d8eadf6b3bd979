export type Theme = 'light' | 'dark' | 'system';

const ORDER: readonly Theme[] = ['light', 'dark', 'system'];

function storedTheme(): Theme {
  try {
    const theme = localStorage.getItem('mw.theme');
    return theme === 'light' || theme === 'dark' ? theme : 'system';
  } catch {
    return 'system';
  }
}

function apply(theme: Theme): void {
  const dark = theme === 'dark' || (theme === 'system' && matchMedia('(prefers-color-scheme: dark)').matches);
  document.documentElement.dataset['theme'] = dark ? 'dark' : 'light';
}

/** Light, dark, system, and again; returns the new one. */
export function nextTheme(): Theme {
  const theme = ORDER[(ORDER.indexOf(storedTheme()) + 1) % ORDER.length] ?? 'system';
  try {
    localStorage.setItem('mw.theme', theme);
  } catch {
    // Storage is blocked: the choice holds until the page is closed.
  }
  apply(theme);
  return theme;
}

/** Follows the system while the reader has not chosen. */
export function followSystem(): void {
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => apply(storedTheme()));
}
