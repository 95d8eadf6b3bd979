/** What of an address may be a label: the route's template. What callers can make up (names, versions, ids) stays out. */

export interface SeenRoute {
  /** `/v2/models/{model}/infer`; undefined for an address that no protocol here has. */
  readonly route: string | undefined;
  readonly endpoint?: string;
  readonly version?: string;
}

/** Words that are themselves in a template. */
const WORDS = new Set(
  (
    'v2 v1 models versions infer generate generate_stream infer_stream ready live health stats config trace setting logging ' +
    'repository index load unload invocations ping version metrics endpoints docs openapi.json playground invoke predict ' +
    'systemsharedmemory cudasharedmemory status client.ts client.py'
  ).split(' '),
);
const KNOWN_URLS = 2048;
const LONGEST = 8;

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function read(url: string): SeenRoute {
  const end = url.indexOf('?');
  const path = (end === -1 ? url : url.slice(0, end)).split('/').slice(1);
  if (path.at(-1) === '') path.pop();
  if (path.length === 0) return { route: '/' };
  if (path.length > LONGEST) return { route: undefined };
  const found: { endpoint?: string; version?: string } = {};
  const template: string[] = [];
  for (const [index, part] of path.entries()) {
    const before = path[index - 1];
    if ((before === 'models' || before === 'endpoints') && index <= 3) {
      // TensorFlow Serving's `name:predict`.
      const colon = part.indexOf(':');
      const action = colon === -1 ? '' : part.slice(colon + 1);
      if (action !== '' && !WORDS.has(action)) return { route: undefined };
      if (part === 'stats' && path.length === index + 1) {
        template.push('stats');
        continue;
      }
      found.endpoint = decoded(colon === -1 ? part : part.slice(0, colon));
      template.push(action === '' ? '{model}' : `{model}:${action}`);
    } else if (before === 'versions') {
      const colon = part.indexOf(':');
      const action = colon === -1 ? '' : part.slice(colon + 1);
      if (action !== '' && !WORDS.has(action)) return { route: undefined };
      found.version = decoded(colon === -1 ? part : part.slice(0, colon));
      template.push(action === '' ? '{version}' : `{version}:${action}`);
    } else if (WORDS.has(part)) template.push(part);
    else return { route: undefined };
  }
  return { route: `/${template.join('/')}`, ...found };
}

/** Remembers addresses, because most calls are to the same few; a caller who makes up new ones fills a bounded table. */
export function createRouteReader(): (url: string) => SeenRoute {
  let known = new Map<string, SeenRoute>();
  return (url) => {
    const remembered = known.get(url);
    if (remembered !== undefined) return remembered;
    const found = read(url);
    if (known.size >= KNOWN_URLS) known = new Map();
    if (url.length <= 512) known.set(url, found);
    return found;
  };
}
