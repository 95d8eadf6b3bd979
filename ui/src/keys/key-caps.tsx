const mac = /Mac|iPhone|iPad/.test(navigator.userAgent);
const NAMES: Readonly<Record<string, string>> = {
  mod: mac ? '⌘' : 'Ctrl',
  shift: '⇧',
  Enter: '↵',
  ArrowDown: '↓',
  ArrowUp: '↑',
};

/** `mod+k` as ⌘ K, `g h` as G then H. */
export function KeyCaps({ keys }: { readonly keys: string }) {
  return keys.split(' ').map((chord) => (
    <kbd key={chord}>
      {chord
        .split('+')
        .map((key) => NAMES[key] ?? (key.length === 1 ? key.toUpperCase() : key))
        .join(' ')}
    </kbd>
  ));
}
