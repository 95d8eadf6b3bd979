import { addresses } from '../api/addresses.ts';
import { Go } from '../parts/go.tsx';

/** A version in the colour of its role: what serves, what wants to, what was. */
export function VersionName({ number, role }: { readonly number: number; readonly role?: 'now' | 'next' | 'ref' }) {
  return <span className={role === undefined ? 'ver' : `c-${role}`}>v{number}</span>;
}

export function VersionLink({
  project,
  model,
  number,
}: {
  readonly project: string;
  readonly model: string;
  readonly number: number;
}) {
  return <Go to={addresses.version(project, model, number)}>v{number}</Go>;
}
