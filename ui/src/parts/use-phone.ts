import { useSyncExternalStore } from 'react';

const phone = matchMedia('(max-width: 759px)');
const onChange = (change: () => void): (() => void) => {
  phone.addEventListener('change', change);
  return () => phone.removeEventListener('change', change);
};

/** One column of a page fits, and two of a table. */
export function usePhone(): boolean {
  return useSyncExternalStore(onChange, () => phone.matches);
}
