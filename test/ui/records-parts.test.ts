/** The parts of the record pages that need no browser: places of mistakes, tables in Markdown, what of a lineage is drawn. */
import { describe, expect, test } from 'vitest';
import { ApiProblem } from '../../ui/src/api/problem.ts';
import { layout } from '../../ui/src/charts/graph-layout.ts';
import { distances, edgeKey, reached, viewOf } from '../../ui/src/charts/lineage-view.ts';
import { markdownBlocks } from '../../ui/src/parts/markdown-blocks.ts';
import { errorPlace } from '../../ui/src/pages/sql/sql-error.ts';
import { sqlTokens } from '../../ui/src/pages/sql/sql-tokens.ts';
import { lineage } from './fixtures/records.ts';

const problem = (message: string, where?: string): ApiProblem => new ApiProblem(400, { error: { message, where } });

describe('the place of a mistake in a query', () => {
  const sql = 'select *\nfrom runs\nwhere nme = 1';

  test('is read from a line and a column', () => {
    const place = errorPlace(problem('column "nme" not found', 'line 3, column 7'), sql);
    expect(sql.slice(place?.from, place?.to)).toBe('nme');
    const short = errorPlace(problem('x', 'sql:2:6'), sql);
    expect(sql.slice(short?.from, short?.to)).toBe('runs');
  });

  test('is found by what the message quotes, and is unknown otherwise', () => {
    const place = errorPlace(problem('syntax error at or near "nme"'), sql);
    expect(sql.slice(place?.from, place?.to)).toBe('nme');
    expect(errorPlace(problem('out of memory'), sql)).toBeUndefined();
  });

  test('a column past the end stays inside of the text', () => {
    const place = errorPlace(problem('unexpected end', 'line 9, column 99'), sql);
    expect(place?.to).toBeLessThanOrEqual(sql.length);
  });

  test('the drawn text has the same letters as the query', () => {
    const text = "select 'it''s' -- from\n/* open";
    expect(
      sqlTokens(text)
        .map((one) => one.text)
        .join(''),
    ).toBe(text);
    expect(sqlTokens(text).map((one) => one.kind)).toEqual([
      'word',
      'plain',
      'text',
      'plain',
      'comment',
      'plain',
      'comment',
    ]);
  });
});

describe('tables in Markdown', () => {
  test('are cut out with their sides; a bar in a cell and in code stays', () => {
    const blocks = markdownBlocks(
      'a\n\n| x | y |\n| --- | ---: |\n| 1 \\| 2 | 3 |\n\n```\n| no | table |\n| --- | --- |\n```',
    );
    expect(blocks.map((one) => one.kind)).toEqual(['text', 'table', 'text']);
    expect(blocks[1]).toEqual({ kind: 'table', head: ['x', 'y'], right: [false, true], rows: [['1 | 2', '3']] });
  });

  test('a line with a bar and no rule below is text', () => {
    expect(markdownBlocks('a | b\nc | d').map((one) => one.kind)).toEqual(['text']);
  });
});

describe('what of a lineage is drawn', () => {
  test('two hundred things are folded by kind and distance, and all can be unfolded', () => {
    const graph = lineage('wide');
    if (graph === undefined) throw new Error('the fixture has no wide graph');
    const folded = viewOf(graph, new Set());
    expect(folded.nodes.length).toBeLessThan(20);
    expect(folded.folds.reduce((sum, one) => sum + one.count, folded.nodes.length)).toBe(200);
    expect(folded.nodes.map((one) => one.id)).toContain(graph.focus);
    expect(viewOf(graph, 'all').nodes).toHaveLength(200);
    const began = performance.now();
    const view = viewOf(graph, 'all');
    const plan = layout(
      view.nodes.map((one) => ({
        id: one.id,
        needs: view.edges.filter((edge) => edge.to === one.id).map((edge) => edge.from),
      })),
      4,
    );
    expect(plan.columns).toBe(4);
    expect(performance.now() - began).toBeLessThan(1000);
  });

  test('a circle is cut once, and counts nothing twice', () => {
    const node = (id: string) => ({ id, kind: 'run' as const, label: id, facts: {} });
    const edges = [
      ['a', 'b'],
      ['b', 'c'],
      ['c', 'a'],
    ].map(([from = '', to = '']) => ({ from, to, kind: 'x' }));
    const graph = { focus: 'b', nodes: ['a', 'b', 'c'].map(node), edges, truncated: false };
    expect(reached(graph)).toEqual({ up: 2, down: 2 });
    expect(viewOf(graph, 'all').back.size).toBe(1);
    expect(distances(graph).get('b')).toBe(0);
    expect(edgeKey({ from: 'a', to: 'b' })).toBe('a b');
  });
});
