/** A command line into words the way a POSIX shell would, without a shell. */
import { MillwrightError } from '../../domain/errors.ts';

/** What only a shell understands; unquoted it would silently become an argument. */
const SHELL_ONLY = new Set(['|', '&', ';', '<', '>', '`', '$', '(', ')']);

function refuse(text: string, at: number, what: string): never {
  throw new MillwrightError('MW-CONFIG-VALUE', `${what} at column ${at + 1} of the command "${text}"`, {
    next: `a command is started without a shell: quote it, or write: run: sh -c '…'`,
  });
}

/** Quotes and backslashes as in POSIX. Throws MW-CONFIG-VALUE for an open quote, an empty command or shell syntax. */
export function splitWords(text: string): readonly string[] {
  const words: string[] = [];
  let word: string | undefined;
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at] ?? '';
    if (char === "'") {
      const end = text.indexOf("'", at + 1);
      if (end < 0) refuse(text, at, 'a quote that is not closed');
      word = (word ?? '') + text.slice(at + 1, end);
      at = end;
    } else if (char === '"') {
      let inside = '';
      let closed = false;
      const opened = at;
      for (at += 1; at < text.length; at += 1) {
        const next = text[at] ?? '';
        if (next === '"') {
          closed = true;
          break;
        }
        const escaped = next === '\\' ? text[at + 1] : undefined;
        if (escaped !== undefined && '"\\$`'.includes(escaped)) {
          inside += escaped;
          at += 1;
        } else inside += next;
      }
      if (!closed) refuse(text, opened, 'a quote that is not closed');
      word = (word ?? '') + inside;
    } else if (char === '\\') {
      if (at + 1 >= text.length) refuse(text, at, 'a backslash with nothing after it');
      at += 1;
      word = (word ?? '') + (text[at] ?? '');
    } else if (/\s/.test(char)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else if (SHELL_ONLY.has(char)) {
      refuse(text, at, `"${char}", which needs a shell,`);
    } else word = (word ?? '') + char;
  }
  if (word !== undefined) words.push(word);
  if (words.length === 0) refuse(text, 0, 'no program');
  return words;
}

/** Puts params into `{name}` places. Throws MW-CONFIG-VALUE for a place that no param fills. */
export function fillWords(
  words: readonly string[],
  params: Readonly<Record<string, string | number | boolean>>,
  where: string,
): readonly string[] {
  return words.map((word) =>
    word.replace(/\{([A-Za-z_]\w*)\}/g, (_place, name: string) => {
      const value = Object.hasOwn(params, name) ? params[name] : undefined;
      if (value !== undefined) return String(value);
      throw new MillwrightError('MW-CONFIG-VALUE', `"{${name}}" in the command of step "${where}" names no param`, {
        where: `pipeline.${where}.run`,
        next: `add ${name} under pipeline.${where}.params`,
      });
    }),
  );
}
