/**
 * JSON text that gives back what went in. Plain JSON turns NaN and the infinities into null, so a metric that diverged would come
 * back as a hole where the type says number; here they travel as `{"$number":"NaN"}`.
 */
const MARK = '$number';

/** Text of a JSON value; undefined fields vanish, as in JSON. */
export function toJsonText(value: unknown): string {
  return JSON.stringify(value, (_key, item: unknown) =>
    typeof item === 'number' && !Number.isFinite(item) ? { [MARK]: String(item) } : item,
  );
}

/** The value of a text made by `toJsonText`. */
export function fromJsonText(text: string): unknown {
  // The reviver costs several times the parse itself; nearly no document needs it.
  if (!text.includes(`"${MARK}"`)) return JSON.parse(text);
  return JSON.parse(text, (_key, item: unknown) =>
    typeof item === 'object' && item !== null && MARK in item ? Number(item[MARK]) : item,
  );
}

/** Depth of nesting of JSON text, without parsing it: brackets outside strings. */
export function jsonDepth(text: string): number {
  let depth = 0;
  let deepest = 0;
  let inString = false;
  for (let i = 0; i < text.length; i += 1) {
    const c = text.charCodeAt(i);
    if (inString) {
      if (c === 92) i += 1;
      else if (c === 34) inString = false;
    } else if (c === 34) inString = true;
    else if (c === 123 || c === 91) {
      depth += 1;
      if (depth > deepest) deepest = depth;
    } else if (c === 125 || c === 93) depth -= 1;
  }
  return deepest;
}
