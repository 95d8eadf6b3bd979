/** Notebooks as cells: sources, outputs that are text, and raster images. HTML, scripts and SVG of outputs are left out. */
import { jsonDepth } from '../../platform/json-text.ts';
import { imageOf } from './preview-images.ts';

interface CellOutput {
  readonly text?: string;
  /** A data URL. */
  readonly image?: string;
}

export interface NotebookPreview {
  readonly kind: 'notebook';
  readonly cells: readonly {
    readonly kind: 'markdown' | 'code';
    readonly source: string;
    readonly outputs: readonly CellOutput[];
  }[];
  readonly truncated: boolean;
}

const MAX_CELLS = 300;
const MAX_SOURCE = 20_000;
const MAX_OUTPUTS = 20;
const MAX_OUTPUT = 10_000;
/** Base64 characters of all images of one notebook: 5 MiB. */
const MAX_IMAGES = 7_000_000;

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Notebooks write text as one string or as its lines. */
function joined(value: unknown, most: number): string {
  const text = Array.isArray(value) ? value.filter((part) => typeof part === 'string').join('') : value;
  return typeof text === 'string' ? text.slice(0, most) : '';
}

/** Without the colours of a terminal. */
// oxlint-disable-next-line no-control-regex
const plain = (text: string): string => text.replaceAll(/\u001b\[[0-9;]{0,30}[A-Za-z]/g, '');

/** The picture of an output, when it is of a kind that only draws. */
function imageUrl(data: Readonly<Record<string, unknown>>): string | undefined {
  for (const type of ['image/png', 'image/jpeg', 'image/gif', 'image/webp']) {
    const base64 = joined(data[type], MAX_IMAGES).replaceAll(/\s/g, '');
    if (base64 === '' || !/^[A-Za-z0-9+/]+={0,2}$/.test(base64)) continue;
    if (imageOf(Buffer.from(base64.slice(0, 64), 'base64')) === type) return `data:${type};base64,${base64}`;
  }
  return undefined;
}

function outputOf(output: unknown): CellOutput {
  if (!isRecord(output)) return {};
  if (output['output_type'] === 'stream') return { text: plain(joined(output['text'], MAX_OUTPUT)) };
  if (output['output_type'] === 'error') {
    const trace = Array.isArray(output['traceback']) ? output['traceback'].join('\n') : output['evalue'];
    return { text: plain(joined(trace, MAX_OUTPUT)) };
  }
  const { data } = output;
  if (!isRecord(data)) return {};
  const image = imageUrl(data);
  return image === undefined ? { text: plain(joined(data['text/plain'], MAX_OUTPUT)) } : { image };
}

/** undefined when the text is no notebook. */
export function notebookPreview(text: string): NotebookPreview | undefined {
  if (jsonDepth(text) > 64) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isRecord(value) || !Array.isArray(value['cells'])) return undefined;
  const all = value['cells'].filter(isRecord);
  let room = MAX_IMAGES;
  const cells = all.slice(0, MAX_CELLS).map((cell) => {
    const kind = cell['cell_type'] === 'code' ? ('code' as const) : ('markdown' as const);
    const outputs = Array.isArray(cell['outputs']) ? cell['outputs'].slice(0, MAX_OUTPUTS).map(outputOf) : [];
    return {
      kind,
      source: joined(cell['source'], MAX_SOURCE),
      outputs: outputs.filter(({ text: said, image }) => {
        room -= image?.length ?? 0;
        return image === undefined ? said !== undefined && said !== '' : room >= 0;
      }),
    };
  });
  return { kind: 'notebook', cells, truncated: all.length > MAX_CELLS || room < 0 };
}
