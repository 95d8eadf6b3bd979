import { ScrollX } from '../parts/scroll-x.tsx';
import { useText } from '../i18n/use-text.tsx';
import { StatusMark, type MarkKind } from '../parts/status-mark.tsx';
import { geometry } from './graph-geometry.ts';
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
  const { at, path, height, width: needed } = geometry(plan, { width: NODE, height: HIGH, pitch: PITCH, gap });
  const total = Math.max(width, needed);
  return (
    <ScrollX>
      <svg
        width={total}
        height={height}
        viewBox={`0 0 ${total} ${height}`}
        role={onPick === undefined ? 'img' : 'group'}
        aria-label={label}
      >
        {plan.routes.map((route) => {
          const ready = nodes.find((one) => one.id === route.from)?.ready ?? false;
          return (
            <path
              key={`${route.from} ${route.to}`}
              d={path([route.from, ...route.via, route.to])}
              fill="none"
              stroke={ready ? 'var(--ink-2)' : 'var(--line-control)'}
              strokeWidth={ready ? 1.5 : 1.2}
              strokeDasharray={ready ? undefined : '3 3'}
            />
          );
        })}
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
                  'aria-description': t(`mark.${node.mark}`),
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
                {cut(node.name, 14)}
              </text>
              <text x={node.data ? 34 : 31} y="30" fontSize="10.5" fill="var(--ink-3)">
                {cut(node.note, 18)}
              </text>
            </g>
          );
        })}
      </svg>
    </ScrollX>
  );
}
