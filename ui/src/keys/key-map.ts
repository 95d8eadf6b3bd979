/** The keys of the app. A page adds its own while it is open; the newest one of a key wins. */
export interface KeyAction {
  /** `j`, `shift+x`, `g h`, `mod+k`, `Enter`. `mod` is ⌘ on a Mac, Ctrl elsewhere. */
  readonly keys: string;
  readonly label: string;
  readonly run: () => void;
  /** Works while a field has the focus, too. */
  readonly inFields?: boolean;
  /** For the palette: the same as a command. */
  readonly command?: string;
}

type Group = readonly KeyAction[];

const groups = new Map<symbol, Group>();
let pending = '';
let pendingTimer: ReturnType<typeof setTimeout> | undefined;

export function addKeys(group: Group): () => void {
  const id = Symbol('keys');
  groups.set(id, group);
  return () => groups.delete(id);
}

/** All keys now in force, page keys last. */
export function activeKeys(): readonly KeyAction[] {
  const byKeys = new Map<string, KeyAction>();
  for (const group of groups.values()) for (const action of group) byKeys.set(action.keys, action);
  return [...byKeys.values()];
}

const OFF = 'mw.keys.off';

export function singleKeysOff(): boolean {
  try {
    return localStorage.getItem(OFF) === '1';
  } catch {
    return false;
  }
}

export function setSingleKeysOff(off: boolean): void {
  try {
    localStorage.setItem(OFF, off ? '1' : '0');
  } catch {
    // Storage is blocked: the choice cannot be kept.
  }
}

function nameOf(event: KeyboardEvent): string {
  const mod = event.metaKey || event.ctrlKey ? 'mod+' : '';
  const letter = /^[a-z]$/i.test(event.key);
  const shift = event.shiftKey && (letter || event.key.length > 1) ? 'shift+' : '';
  return `${mod}${shift}${letter ? event.key.toLowerCase() : event.key}`;
}

function inField(event: KeyboardEvent): boolean {
  const target = event.target;
  if (!(target instanceof HTMLElement)) return false;
  return (
    target.isContentEditable ||
    (/^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName) &&
      !/^(checkbox|radio|range)$/.test(target.getAttribute('type') ?? ''))
  );
}

/** Enter and Space belong to the control that has the focus. */
function belongsToControl(event: KeyboardEvent): boolean {
  if (event.key !== 'Enter' && event.key !== ' ') return false;
  return event.target instanceof HTMLElement && event.target.closest('a,button,summary,[role="option"]') !== null;
}

export function onKeyDown(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.altKey || event.isComposing) return;
  const name = nameOf(event);
  const field = inField(event);
  const modified = name.startsWith('mod+');
  if ((!modified && singleKeysOff() && name !== '?') || belongsToControl(event)) return;
  // An open dialog keeps the page's keys from acting behind it.
  const dialog = document.querySelector('[role="dialog"][data-open],[role="alertdialog"][data-open]') !== null;
  const wanted = pending === '' ? name : `${pending} ${name}`;
  const actions = activeKeys();
  const action = actions.find((one) => one.keys === wanted) ?? actions.find((one) => one.keys === name);
  clearTimeout(pendingTimer);
  pending = '';
  if (action !== undefined) {
    if ((field || dialog) && action.inFields !== true) return;
    event.preventDefault();
    action.run();
    return;
  }
  if (!field && !dialog && actions.some((one) => one.keys.startsWith(`${name} `))) {
    pending = name;
    pendingTimer = setTimeout(() => {
      pending = '';
    }, 1200);
  }
}
