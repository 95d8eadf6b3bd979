import type { Trash } from '../../api/types.ts';
import type { Text } from '../../i18n/use-text.tsx';

type Kind = Trash['items'][number]['kind'];
const KINDS: Readonly<Record<Kind, true>> = {
  run: true,
  experiment: true,
  'logged-model': true,
  version: true,
  trace: true,
  blob: true,
  attempt: true,
  environment: true,
  image: true,
  job: true,
};

const known = (kind: string): kind is Kind => Object.hasOwn(KINDS, kind);

/** What a collectable thing is called; a kind that the app does not know is shown as it is. */
export const thingWord = (kind: string, t: Text['t']): string => (known(kind) ? t(`thing.${kind}`) : kind);
