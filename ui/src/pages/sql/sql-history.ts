const KEY = 'mw.sql.history';
const MOST = 50;

/** Queries that were run in this browser, newest first. */
export function sqlHistory(): readonly string[] {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(KEY) ?? '[]');
    return Array.isArray(kept) ? kept.filter((one): one is string => typeof one === 'string').slice(0, MOST) : [];
  } catch {
    return [];
  }
}

export function rememberSql(sql: string): void {
  try {
    const all = [sql, ...sqlHistory().filter((one) => one !== sql)].slice(0, MOST);
    localStorage.setItem(KEY, JSON.stringify(all));
  } catch {
    // Storage is blocked or full: the history ends with the page.
  }
}
