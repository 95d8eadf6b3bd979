import { useSyncExternalStore } from 'react';

const phone = matchMedia('(max-width: 759px)');
const onPhone = (change: () => void): (() => void) => {
  phone.addEventListener('change', change);
  return () => phone.removeEventListener('change', change);
};

/** Tables keep two columns there and open the rest on a page of its own. */
export function usePhone(): boolean {
  return useSyncExternalStore(onPhone, () => phone.matches);
}
