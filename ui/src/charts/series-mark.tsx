import type { SeriesShape } from './series-shape.ts';

export interface Category {
  readonly color: string;
  readonly shape: SeriesShape;
  readonly dash: string | undefined;
}

/** Free categories: colour, mark and dash together, so that none is told apart by colour alone. */
const CATEGORIES: readonly Category[] = [
  { color: 'var(--cat-1)', shape: 'dot', dash: undefined },
  { color: 'var(--cat-2)', shape: 'square', dash: '6 3' },
  { color: 'var(--cat-3)', shape: 'triangle', dash: '2 2' },
  { color: 'var(--cat-4)', shape: 'diamond', dash: '8 2 2 2' },
  { color: 'var(--cat-5)', shape: 'ring', dash: '4 2' },
  { color: 'var(--cat-6)', shape: 'cross', dash: '1 3' },
];

const OTHER: Category = { color: 'var(--cat-other)', shape: 'dot', dash: undefined };

export function category(index: number): Category {
  return CATEGORIES[index] ?? OTHER;
}

export function SeriesMark({
  shape,
  x,
  y,
  color,
}: {
  readonly shape: SeriesShape;
  readonly x: number;
  readonly y: number;
  readonly color: string;
}) {
  switch (shape) {
    case 'dot':
      return <circle cx={x} cy={y} r="3.6" fill={color} />;
    case 'ring':
      return <circle cx={x} cy={y} r="3" fill="none" stroke={color} strokeWidth="1.8" />;
    case 'square':
      return <rect x={x - 3.4} y={y - 3.4} width="6.8" height="6.8" fill={color} />;
    case 'triangle':
      return <path d={`M${x} ${y - 4.2}L${x + 4.4} ${y + 3.4}H${x - 4.4}Z`} fill={color} />;
    case 'diamond':
      return <path d={`M${x} ${y - 4.6}L${x + 4.6} ${y}L${x} ${y + 4.6}L${x - 4.6} ${y}Z`} fill={color} />;
    case 'cross':
      return (
        <path
          d={`M${x - 3.2} ${y - 3.2}L${x + 3.2} ${y + 3.2}M${x + 3.2} ${y - 3.2}L${x - 3.2} ${y + 3.2}`}
          stroke={color}
          strokeWidth="2"
        />
      );
  }
}

export function CategorySwatch({ index }: { readonly index: number }) {
  const { color, shape } = category(index);
  return (
    <svg width="12" height="12" viewBox="0 0 12 12" aria-hidden="true">
      <SeriesMark shape={shape} x={6} y={6} color={color} />
    </svg>
  );
}
