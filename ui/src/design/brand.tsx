/** The mark: a mill wheel. */
export function BrandMark() {
  return (
    <svg width="20" height="20" viewBox="0 0 20 20" aria-hidden="true">
      <circle cx="10" cy="10" r="5.6" fill="none" stroke="var(--ink)" strokeWidth="1.8" />
      <path
        d="M15.6 10L18.9 13M12.8 14.8L11.9 19.2M7.2 14.8L3 16.2M4.4 10L1.1 7M7.2 5.2L8.1 .8M12.8 5.2L17 3.8"
        stroke="var(--ink)"
        strokeWidth="1.8"
        strokeLinecap="round"
      />
      <circle cx="10" cy="10" r="1.6" fill="var(--ink)" />
    </svg>
  );
}

export type PlaceName =
  | 'home'
  | 'data'
  | 'pipelines'
  | 'runs'
  | 'models'
  | 'endpoints'
  | 'monitors'
  | 'traces'
  | 'lineage'
  | 'sql'
  | 'storage'
  | 'find';

const PATHS: Readonly<Record<PlaceName, string>> = {
  home: 'M8 2.5a5.5 5.5 0 0 1 5.2 3.7M13.5 8a5.5 5.5 0 0 1-3.6 5.2M8 13.5a5.5 5.5 0 0 1-5.2-3.7M2.5 8a5.5 5.5 0 0 1 3.6-5.2',
  data: 'M2.5 4h11v8h-11zM2.5 8h11M8 4v8',
  pipelines: 'M2 8h3M11 8h3M8 4v8M5 6h6v4H5z',
  runs: 'M2 4h12M2 8h12M2 12h12',
  models: 'M8 2l5.5 3v6L8 14l-5.5-3V5zM2.5 5L8 8l5.5-3M8 8v6',
  endpoints: 'M2 8h6M8 8l5-4M8 8l5 4',
  monitors: 'M2 11l3.5-4 3 2.5L14 4',
  traces: 'M2 3.5h8M5 8h6M8 12.5h6',
  lineage: 'M2 4h3v3H2zM2 10h3v3H2zM11 7h3v3h-3zM5 5.5c3 0 3 3 6 3M5 11.5c3 0 3-3 6-3',
  sql: 'M2.5 4l3.5 4-3.5 4M8 12h5.5',
  storage: 'M2.5 3h11v3h-11zM3.5 6v7h9V6M6.5 9h3',
  find: 'M7 2.5a4.5 4.5 0 1 1 0 9a4.5 4.5 0 0 1 0-9M10.5 10.5L14 14',
};

export function PlaceIcon({ name }: { readonly name: PlaceName }) {
  return (
    <svg className="ico" width="16" height="16" viewBox="0 0 16 16" aria-hidden="true">
      <path
        d={PATHS[name]}
        fill="none"
        stroke="currentColor"
        strokeWidth="1.5"
        strokeLinecap="round"
        strokeLinejoin="round"
      />
    </svg>
  );
}
