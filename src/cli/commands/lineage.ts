/** What led to a thing and what it led to, as a tree. */
import { MillwrightError } from '../../domain/errors.ts';
import { type Schemas, unwrap } from '../client/client.ts';
import { type Output, safe, time } from '../output.ts';
import type { Flags, Session } from '../session.ts';

type Node = Schemas['LineageNode'];
type Lineage = Schemas['Lineage'];

/** Facts that say what the label does not; digests and ids are in --json. */
const QUIET = new Set(['digest', 'run', 'model']);

function describe({ paint }: Output, node: Node, verb: string | undefined): string {
  const facts = Object.entries(node.facts)
    .filter(([key]) => !QUIET.has(key))
    .map(([key, value]) => (key === 'text' ? safe(value) : `${key} ${safe(value)}`))
    .join(', ');
  const at = node.at === undefined ? '' : `${time(node.at)}  `;
  const via = verb === undefined ? '' : `${verb} `;
  return `${paint.dim(via)}${node.kind} ${paint.bold(safe(node.label))}  ${paint.dim(`${at}${facts}`)}`.trimEnd();
}

/** One way from the focus. What stands elsewhere in the tree is named and not drawn again, so that no loop is endless. */
function tree(out: Output, found: Lineage, way: 'up' | 'down'): readonly string[] {
  const nodes = new Map(found.nodes.map((node) => [node.id, node]));
  const next = new Map<string, { readonly id: string; readonly verb: string }[]>();
  for (const edge of found.edges) {
    const [here, there] = way === 'up' ? [edge.to, edge.from] : [edge.from, edge.to];
    next.set(here, [...(next.get(here) ?? []), { id: there, verb: edge.kind }]);
  }
  const lines: string[] = [];
  const drawn = new Set([found.focus]);
  const draw = (id: string, indent: string): void => {
    const children = (next.get(id) ?? []).toSorted((a, b) => (nodes.get(a.id)?.at ?? 0) - (nodes.get(b.id)?.at ?? 0));
    for (const [i, child] of children.entries()) {
      const last = i === children.length - 1;
      const node = nodes.get(child.id);
      if (node === undefined) continue;
      const again = drawn.has(child.id) && (next.get(child.id)?.length ?? 0) > 0;
      lines.push(
        `${indent}${last ? '└─ ' : '├─ '}${describe(out, node, child.verb)}${again ? out.paint.dim('  (above)') : ''}`,
      );
      if (drawn.has(child.id)) continue;
      drawn.add(child.id);
      draw(child.id, `${indent}${last ? '   ' : '│  '}`);
    }
  };
  draw(found.focus, '');
  return lines;
}

export async function run({ api, out }: Session, args: readonly string[], flags: Flags): Promise<void> {
  const [what] = args;
  if (what === undefined)
    throw new MillwrightError('MW-USAGE', 'say of what', {
      next: 'mw lineage flights/3, or mw lineage flights@champion',
    });
  const [up, down] = [flags['up'] === true, flags['down'] === true];
  const direction = up === down ? 'both' : up ? 'up' : 'down';
  const depth = typeof flags['depth'] === 'string' ? { depth: Number(flags['depth']) } : {};
  const client = await api();
  const found = await unwrap(client.GET('/api/v1/lineage', { params: { query: { node: what, direction, ...depth } } }));
  out.result(found, () => {
    const focus = found.nodes.find((node) => node.id === found.focus);
    const side = (way: 'up' | 'down', title: string): readonly string[] => {
      const lines = tree(out, found, way);
      return ['', out.paint.dim(title), ...(lines.length === 0 ? ['nothing that is recorded'] : lines)];
    };
    return [
      focus === undefined ? safe(found.focus) : describe(out, focus, undefined),
      ...(direction === 'down' ? [] : side('up', 'because of')),
      ...(direction === 'up' ? [] : side('down', 'led to')),
      ...(found.truncated ? ['', out.paint.dim('there is more: go on from one of these, or with --depth 20')] : []),
    ];
  });
}
