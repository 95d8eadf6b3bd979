/** A version in the colour of its role: what serves, what wants to, what was. */
export function VersionName({ number, tone }: { readonly number: number; readonly tone: 'now' | 'next' | 'ref' }) {
  return <span className={`c-${tone}`}>v{number}</span>;
}
