import type { LineageNode } from '../api/types.ts';

type Kind = LineageNode['kind'];

/** The outline says the kind; the word below the name says it again. */
function outline(kind: Kind, w: number, h: number, c = 10): string {
  const r = h / 2;
  switch (kind) {
    case 'dataset':
      return `M${r} 0H${w - r}A${r} ${r} 0 0 1 ${w - r} ${h}H${r}A${r} ${r} 0 0 1 ${r} 0Z`;
    case 'pipeline':
      return `M0 0H${w - c}L${w} ${r}L${w - c} ${h}H0L${c} ${r}Z`;
    case 'version':
      return `M${c} 0H${w - c}L${w} ${r}L${w - c} ${h}H${c}L0 ${r}Z`;
    case 'model':
      return `M${c} 0H${w - c}L${w} ${c}V${h}H0V${c}Z`;
    case 'release':
      return `M0 0H${w - c}L${w} ${r}L${w - c} ${h}H0Z`;
    case 'endpoint':
      return `M0 0H${w - r}A${r} ${r} 0 0 1 ${w - r} ${h}H0Z`;
    case 'alert':
      return `M${c} 0H${w - c}L${w} ${c}V${h - c}L${w - c} ${h}H${c}L0 ${h - c}V${c}Z`;
    case 'environment':
      return `M0 0H${w}V${h}H0ZM${c / 2} 0V${h}M${w - c / 2} 0V${h}`;
    case 'run':
      return `M3 0H${w - 3}Q${w} 0 ${w} 3V${h - 3}Q${w} ${h} ${w - 3} ${h}H3Q0 ${h} 0 ${h - 3}V3Q0 0 3 0Z`;
  }
}

export function KindShape({
  kind,
  width,
  height,
  focus = false,
  folded = false,
}: {
  readonly kind: Kind;
  readonly width: number;
  readonly height: number;
  readonly focus?: boolean;
  readonly folded?: boolean;
}) {
  const path = outline(kind, width, height);
  return (
    <>
      {folded ? <path d={path} transform="translate(4 -4)" fill="var(--bg)" stroke="var(--line-2)" /> : null}
      <path
        d={path}
        fill={focus ? 'var(--bg-select)' : 'var(--bg)'}
        stroke={focus ? 'var(--ink)' : 'var(--line-control)'}
        strokeWidth={focus ? 2 : 1}
        strokeDasharray={folded ? '3 2.5' : undefined}
      />
    </>
  );
}

/** The shape alone, beside its word. */
export function KindMark({ kind }: { readonly kind: Kind }) {
  return (
    <svg width="22" height="14" viewBox="-1 -1 24 16" aria-hidden="true">
      <path d={outline(kind, 22, 14, 4)} fill="none" stroke="var(--ink-2)" strokeWidth="1.3" />
    </svg>
  );
}
