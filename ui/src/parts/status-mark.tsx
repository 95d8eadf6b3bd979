/** Shape says it, colour repeats it; a word always stands beside it (or is given to screen readers). */
export type MarkKind =
  | 'passed'
  | 'done'
  | 'running'
  | 'rolling'
  | 'waits'
  | 'expected'
  | 'reused'
  | 'warning'
  | 'failed'
  | 'unknown'
  | 'self'
  | 'person';

function shape(kind: MarkKind) {
  switch (kind) {
    case 'passed':
      return (
        <>
          <circle cx="7" cy="7" r="6" fill="var(--ok)" />
          <path
            d="M4.2 7.2l2 2 3.7-4.2"
            fill="none"
            stroke="var(--bg)"
            strokeWidth="1.6"
            strokeLinecap="round"
            strokeLinejoin="round"
          />
        </>
      );
    case 'done':
      return (
        <>
          <circle cx="7" cy="7" r="5.5" fill="none" stroke="var(--line-control)" />
          <path
            d="M4.4 7.2l1.8 1.8 3.4-3.9"
            fill="none"
            stroke="var(--ink-2)"
            strokeWidth="1.4"
            strokeLinecap="round"
            strokeLinejoin="round"
          />
        </>
      );
    case 'running':
    case 'rolling': {
      const [ring, arc] = kind === 'rolling' ? ['var(--next-wash)', 'var(--next)'] : ['var(--line-2)', 'var(--ink)'];
      return (
        <>
          <circle cx="7" cy="7" r="5.2" fill="none" stroke={ring} strokeWidth="2.2" />
          <path
            className="turn"
            d="M7 1.8A5.2 5.2 0 0 1 12.2 7"
            fill="none"
            stroke={arc}
            strokeWidth="2.3"
            strokeLinecap="round"
          />
        </>
      );
    }
    case 'waits':
      return <circle cx="7" cy="7" r="5.2" fill="none" stroke="var(--line-control)" strokeWidth="1.2" />;
    case 'expected':
      return (
        <circle
          cx="7"
          cy="7"
          r="5.2"
          fill="var(--bg)"
          stroke="var(--line-control)"
          strokeWidth="1.2"
          strokeDasharray="1.8 2.2"
        />
      );
    case 'reused':
      return (
        <>
          <circle cx="7" cy="7" r="5.2" fill="none" stroke="var(--line-control)" strokeWidth="1.2" />
          <path d="M4.5 5.8h5M4.5 8.2h5" stroke="var(--ink-2)" strokeWidth="1.2" />
        </>
      );
    case 'warning':
      return (
        <>
          <path d="M7 1.2L13.2 12.3H.8z" fill="var(--warn-mark)" stroke="var(--warn-mark)" strokeLinejoin="round" />
          <path d="M7 5v3.6M7 10.4v.4" stroke="var(--bg)" strokeWidth="1.6" strokeLinecap="round" />
        </>
      );
    case 'failed':
      return (
        <>
          <path d="M4.5 1h5L13 4.5v5L9.5 13h-5L1 9.5v-5z" fill="var(--fail)" />
          <path d="M5 5l4 4M9 5l-4 4" stroke="var(--bg)" strokeWidth="1.6" strokeLinecap="round" />
        </>
      );
    case 'unknown':
      return (
        <>
          <circle
            cx="7"
            cy="7"
            r="5.5"
            fill="none"
            stroke="var(--line-control)"
            strokeWidth="1.2"
            strokeDasharray="2.2 1.8"
          />
          <text x="7" y="10" fontSize="8.5" textAnchor="middle" fill="var(--ink-2)">
            ?
          </text>
        </>
      );
    case 'self':
      return (
        <>
          <circle cx="7" cy="7" r="3.6" fill="none" stroke="var(--ink-2)" strokeWidth="1.3" />
          <path
            d="M10.6 7L13.1 9M9.5 9.5L9.9 12.7M7 10.6L5 13.1M4.5 9.5L1.3 9.9M3.4 7L.9 5M4.5 4.5L4.1 1.3M7 3.4L9 .9M9.5 4.5L12.7 4.1"
            stroke="var(--ink-2)"
            strokeWidth="1.3"
            strokeLinecap="round"
          />
        </>
      );
    case 'person':
      return (
        <>
          <circle cx="7" cy="4.2" r="2.7" fill="none" stroke="var(--ink-2)" strokeWidth="1.3" />
          <path
            d="M1.8 13c.4-3 2.5-4.4 5.2-4.4s4.8 1.4 5.2 4.4"
            fill="none"
            stroke="var(--ink-2)"
            strokeWidth="1.3"
            strokeLinecap="round"
          />
        </>
      );
  }
}

export function StatusMark({ kind, size = 14 }: { readonly kind: MarkKind; readonly size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 14 14" aria-hidden="true">
      {shape(kind)}
    </svg>
  );
}
