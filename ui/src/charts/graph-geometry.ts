import type { GraphLayout } from './graph-layout.ts';
import { px } from './scale.ts';

export interface BoxSize {
  readonly width: number;
  readonly height: number;
  /** From the top of one row to the top of the next. */
  readonly pitch: number;
  readonly gap: number;
}

export interface GraphGeometry {
  readonly at: ReadonlyMap<string, { readonly x: number; readonly y: number }>;
  readonly width: number;
  readonly height: number;
  /** From the right side of one box, through its bends, to the left side of the other. */
  readonly path: (ids: readonly string[]) => string;
}

/** Where the boxes of a layout stand in pixels, each column in the middle of the tallest one, and how its edges run. */
export function geometry(plan: GraphLayout, box: BoxSize): GraphGeometry {
  const most = Math.max(1, ...plan.rows);
  const at = new Map(
    [...plan.places.values()].map((one) => [
      one.id,
      {
        x: 2 + one.column * (box.width + box.gap),
        y:
          5 +
          ((most - (plan.rows[one.column] ?? 1)) * box.pitch) / 2 +
          one.row * box.pitch +
          (box.pitch - box.height) / 2,
      },
    ]),
  );
  const path = (ids: readonly string[]): string =>
    ids
      .map((id, i) => {
        const place = at.get(id) ?? { x: 0, y: 0 };
        const y = place.y + box.height / 2;
        if (i === 0) return `M${px(place.x + box.width)} ${px(y)}`;
        const before = at.get(ids[i - 1] ?? '') ?? place;
        const middle = (before.x + box.width + place.x) / 2;
        const curve = `C${px(middle)} ${px(before.y + box.height / 2)} ${px(middle)} ${px(y)} ${px(place.x)} ${px(y)}`;
        return i === ids.length - 1 ? curve : `${curve}H${px(place.x + box.width)}`;
      })
      .join('');
  return {
    at,
    path,
    width: 4 + plan.columns * box.width + Math.max(0, plan.columns - 1) * box.gap,
    height: most * box.pitch + 10,
  };
}
