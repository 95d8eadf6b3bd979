import { useText } from '../i18n/use-text.tsx';
import { StatusMark, type MarkKind } from '../parts/status-mark.tsx';
import { layout, type GraphNode } from './graph-layout.ts';
import { px } from './scale.ts';

export interface StepNode extends GraphNode {
  readonly name: string;
  readonly note: string;
  readonly mark: MarkKind;
  readonly data: boolean;
  readonly running: boolean;
  readonly waiting: boolean;
  /** Its content exists, so edges from it are solid. */
  readonly ready: boolean;
  /** 0..1 of the expected time. */
  readonly progress?: number;
  readonly selected?: boolean;
}

export interface GraphProps {
  readonly nodes: readonly StepNode[];
  readonly width: number;
  readonly label: string;
  readonly onPick?: (id: string) => void;
}

const NODE = 136;
const HIGH = 38;
const PITCH = 56;

const cut = (text: string, length: number): string => (text.length > length ? `${text.slice(0, length - 1)}…` : text);

/** What waits for what: solid edge = content ready, dashed = expected. */
export function Graph({ nodes, width, label, onPick }: GraphProps) {
  const { t } = useText();
  const plan = layout(nodes);
  const gap = plan.columns < 2 ? 0 : Math.max(36, Math.min(92, (width - 4 - plan.columns * NODE) / (plan.columns - 1)));
  const total = Math.max(width, 4 + plan.columns * NODE + (plan.columns - 1) * gap);
  const height = plan.rows * PITCH + 10;
  const inColumn = (column: number): number => plan.nodes.filter((one) => one.column === column).length;
  const at = new Map(
    plan.nodes.map((one) => [
      one.id,
      {
        x: 2 + one.column * (NODE + gap),
        y: 5 + ((plan.rows - inColumn(one.column)) * PITCH) / 2 + one.row * PITCH + (PITCH - HIGH) / 2,
      },
    ]),
  );
  return (
    <div className="scrollx">
      <svg
        width={total}
        height={height}
        viewBox={`0 0 ${total} ${height}`}
        role={onPick === undefined ? 'img' : 'group'}
        aria-label={label}
      >
        {nodes.flatMap((node) =>
          node.needs.map((need) => {
            const [a, b] = [at.get(need), at.get(node.id)];
            if (a === undefined || b === undefined) return null;
            const [x0, y0, x1, y1] = [a.x + NODE, a.y + HIGH / 2, b.x, b.y + HIGH / 2];
            const middle = (x0 + x1) / 2;
            const ready = nodes.find((one) => one.id === need)?.ready ?? false;
            return (
              <path
                key={`${need} ${node.id}`}
                d={`M${px(x0)} ${px(y0)}C${px(middle)} ${px(y0)} ${px(middle)} ${px(y1)} ${px(x1)} ${px(y1)}`}
                fill="none"
                stroke={ready ? 'var(--ink-2)' : 'var(--line-control)'}
                strokeWidth={ready ? 1.5 : 1.2}
                strokeDasharray={ready ? undefined : '3 3'}
              />
            );
          }),
        )}
        {nodes.map((node) => {
          const place = at.get(node.id);
          if (place === undefined) return null;
          const strong = node.running || node.selected === true;
          const pick =
            onPick === undefined
              ? {}
              : {
                  role: 'button',
                  tabIndex: 0,
                  className: 'node',
                  onClick: () => onPick(node.id),
                  onKeyDown: (event: { key: string }) =>
                    event.key === 'Enter' || event.key === ' ' ? onPick(node.id) : undefined,
                  'aria-label': `${node.name}: ${t(`mark.${node.mark}`)}, ${node.note}`,
                  'aria-pressed': node.selected === true,
                };
          return (
            <g key={node.id} transform={`translate(${px(place.x)} ${px(place.y)})`} {...pick}>
              <rect
                width={NODE}
                height={HIGH}
                rx={node.data ? 19 : 3}
                fill={node.selected ? 'var(--bg-select)' : 'var(--bg)'}
                stroke={strong ? 'var(--ink)' : 'var(--line-control)'}
                strokeWidth={node.running ? 1.8 : 1}
              />
              {node.running && node.progress !== undefined ? (
                <rect
                  x="1"
                  y={HIGH - 4}
                  width={px((NODE - 2) * Math.min(1, node.progress))}
                  height="3"
                  fill="var(--ink)"
                />
              ) : null}
              <g transform={`translate(${node.data ? 14 : 10} 12)`}>
                <StatusMark kind={node.mark} />
              </g>
              <text
                x={node.data ? 34 : 31}
                y="16"
                fontSize="12.5"
                fontWeight="560"
                fill={node.waiting ? 'var(--ink-2)' : 'var(--ink)'}
              >
                {cut(node.name, 15)}
              </text>
              <text x={node.data ? 34 : 31} y="30" fontSize="10.5" fill="var(--ink-3)">
                {cut(node.note, 18)}
              </text>
            </g>
          );
        })}
      </svg>
    </div>
  );
}
