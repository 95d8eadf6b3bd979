import type { Text } from '../i18n/use-text.tsx';

/** Between cause and effect: “[run] logged [model]”. */
const LINKS = {
  registered: 'lineage.link.registered',
  logged: 'lineage.link.logged',
  ran: 'lineage.link.ran',
  'ran in': 'lineage.link.ranin',
  started: 'lineage.link.started',
  read: 'lineage.link.read',
  loaded: 'lineage.link.loaded',
  caused: 'lineage.link.caused',
  released: 'lineage.link.released',
  'served on': 'lineage.link.served',
  fired: 'lineage.link.fired',
} as const;

const known = (kind: string): kind is keyof typeof LINKS => Object.hasOwn(LINKS, kind);

/** A kind that the app does not know yet is shown as the server says it. */
export function linkWords(kinds: readonly string[], t: Text['t']): string {
  return kinds.map((kind) => (known(kind) ? t(LINKS[kind]) : kind)).join(', ');
}
