/**
 * Answered calls of one endpoint whose inputs are alike, collected column by column in plain memory: adding a call copies its
 * numbers and makes no object a row. The writer's thread lays the columns out.
 */
import { halfToNumber } from '../../platform/half-float.ts';
import type { Tensor } from '../../domain/tensors.ts';
import type { LogBlock, LogColumn, LogNumbers } from '../../ports/prediction-log.ts';
import type { PredictionRecord } from './prediction-record.ts';
import { createTextBytes, createTextColumn } from './text-column.ts';

/** Wide single-tensor models get one column a feature; what is wider is cut. */
export const MAX_INPUT_COLUMNS = 500;
const FIRST_ROWS = 256;
/** Versions, releases, roles and experiments that one block may see. */
const MAX_STAMPS = 60_000;

export interface PredictionBlock {
  readonly endpoint: string;
  readonly rows: number;
  /** About what it holds, bytes. */
  readonly bytes: number;
  /** Does it have the inputs and outputs that this block was made for? */
  fits(record: PredictionRecord): boolean;
  add(record: PredictionRecord): void;
  /** Its columns, copied: the block can be asked again when they could not be written. */
  columns(): LogBlock;
}

type Halves = 'FP16' | 'BF16';

interface InputLayout {
  readonly name: string;
  readonly datatype: string;
  /** Cells a row in the tensor, and how many of them are kept. 0 kept: it belongs to no row (a scalar setting). */
  readonly width: number;
  readonly kept: number;
  readonly redacted: boolean;
}

const isHalf = (datatype: string): datatype is Halves => datatype === 'FP16' || datatype === 'BF16';

export function columnType(datatype: string): LogColumn['type'] {
  if (datatype === 'BYTES') return 'STRING';
  if (datatype === 'BOOL') return 'BOOLEAN';
  return datatype === 'FP32' || datatype === 'FP64' || isHalf(datatype) ? 'DOUBLE' : 'INT64';
}

function storage(datatype: string, length: number): LogNumbers {
  switch (datatype) {
    case 'BOOL':
    case 'UINT8':
      return new Uint8Array(length);
    case 'INT8':
      return new Int8Array(length);
    case 'UINT16':
    case 'FP16':
    case 'BF16':
      return new Uint16Array(length);
    case 'INT16':
      return new Int16Array(length);
    case 'UINT32':
      return new Uint32Array(length);
    case 'INT32':
      return new Int32Array(length);
    case 'UINT64':
      return new BigUint64Array(length);
    case 'INT64':
      return new BigInt64Array(length);
    case 'FP32':
      return new Float32Array(length);
    default:
      return new Float64Array(length);
  }
}

function widened<T extends LogNumbers>(old: T, make: (length: number) => T, length: number): T {
  const next = make(length);
  copy(next, old, 0);
  return next;
}

/** `set` of two arrays of the same kind; BigInt and number arrays never meet, because a layout is of one datatype. */
function copy(into: LogNumbers, from: LogNumbers, at: number): void {
  if (into instanceof BigInt64Array || into instanceof BigUint64Array) {
    if (from instanceof BigInt64Array || from instanceof BigUint64Array) into.set(from, at);
  } else if (!(from instanceof BigInt64Array) && !(from instanceof BigUint64Array)) into.set(from, at);
}

/** Which number of the outputs is the score: the probability of class 1 of an output [n, 2] named like one, else the first column of the first numeric output. */
export function scorePlace(outputs: readonly Tensor[]): { readonly output: number; readonly offset: number } {
  const numeric = (output: Tensor): boolean => output.datatype !== 'BYTES';
  const pair = outputs.findIndex(
    (output) => numeric(output) && output.shape.length === 2 && output.shape[1] === 2 && /prob/i.test(output.name),
  );
  return pair === -1 ? { output: outputs.findIndex(numeric), offset: 0 } : { output: pair, offset: 1 };
}

/** NaN for what is no finite number. */
export function scoreAt(output: Tensor, at: number): number {
  const value = output.data[at];
  if (value === undefined) return Number.NaN;
  const number = isHalf(output.datatype) ? halfToNumber(Number(value), output.datatype) : Number(value);
  return Number.isFinite(number) ? number : Number.NaN;
}

function layoutOf(record: PredictionRecord): readonly InputLayout[] {
  let left = MAX_INPUT_COLUMNS;
  return record.inputs.map(({ name, datatype, data }) => {
    const width = data.length / record.rows;
    const kept = Number.isInteger(width) ? Math.min(width, left) : 0;
    left -= kept;
    return { name, datatype, width, kept, redacted: record.redact?.includes(name) ?? false };
  });
}

interface Stamp {
  readonly version: number;
  readonly releaseId: string;
  readonly role: string;
  readonly experiment: string | undefined;
}

const same = (a: readonly string[] | undefined, b: readonly string[] | undefined): boolean =>
  a === b || ((a?.length ?? 0) === (b?.length ?? 0) && (a ?? []).every((name, index) => name === b?.[index]));

/** `first` decides the layout; it is not added. Its rows are at least 1. */
export function createPredictionBlock(first: PredictionRecord, rowsHint = FIRST_ROWS): PredictionBlock {
  const { endpoint, redact } = first;
  const layout = layoutOf(first);
  const { output: scored, offset } = scorePlace(first.outputs);
  const scoredName = first.outputs[scored]?.name;
  const outputCount = first.outputs.length;

  let capacity = Math.max(FIRST_ROWS, rowsHint);
  let rows = 0;
  let [time, received] = [new Float64Array(capacity), new Float64Array(capacity)];
  let [latency, score] = [new Float64Array(capacity), new Float64Array(capacity)];
  let [row, stamp] = [new Int32Array(capacity), new Uint16Array(capacity)];
  const ids = createTextBytes();
  let repeat = new Uint32Array(FIRST_ROWS);
  let calls = 0;
  const stamps: Stamp[] = [];
  const numbers = layout.map(({ datatype, kept, redacted }) =>
    datatype === 'BYTES' || kept === 0 || redacted ? undefined : storage(datatype, capacity * kept),
  );
  const texts = layout.map(({ datatype, kept, redacted }) =>
    datatype === 'BYTES' && kept > 0 && !redacted ? createTextColumn() : undefined,
  );
  const rowBytes =
    38 +
    layout.reduce((sum, { kept, redacted, datatype }) => sum + (redacted || datatype === 'BYTES' ? 0 : kept * 8), 0);

  function grow(wanted: number): void {
    while (capacity < wanted) capacity *= 2;
    const doubles = (length: number): Float64Array<ArrayBuffer> => new Float64Array(length);
    time = widened(time, doubles, capacity);
    received = widened(received, doubles, capacity);
    latency = widened(latency, doubles, capacity);
    score = widened(score, doubles, capacity);
    row = widened(row, (length) => new Int32Array(length), capacity);
    stamp = widened(stamp, (length) => new Uint16Array(length), capacity);
    layout.forEach(({ datatype, kept }, index) => {
      const old = numbers[index];
      if (old !== undefined)
        numbers[index] = widened<LogNumbers>(old, (length) => storage(datatype, length), capacity * kept);
    });
  }

  function stampOf(record: PredictionRecord): number {
    const role = record.role ?? 'live';
    for (let index = stamps.length - 1; index >= 0; index -= 1) {
      const known = stamps[index];
      if (
        known?.releaseId === record.releaseId &&
        known.version === record.version &&
        known.role === role &&
        known.experiment === record.experiment
      )
        return index;
    }
    stamps.push({ version: record.version, releaseId: record.releaseId, role, experiment: record.experiment });
    return stamps.length - 1;
  }

  function addInput(index: number, { data }: Tensor, count: number): void {
    const { width = 0, kept = 0, redacted = false } = layout[index] ?? {};
    const into = numbers[index];
    if (kept === 0 || redacted) return;
    if (into === undefined) {
      const column = texts[index];
      for (let r = 0; r < count; r += 1) {
        for (let part = 0; part < kept; part += 1) {
          const text = data[r * width + part];
          column?.push(typeof text === 'string' ? text : '');
        }
      }
    } else if (count === 1 && width === 1) {
      // One number: an assignment is a tenth of a call of `set`.
      const value = data[0];
      if (value !== undefined && typeof value !== 'string') into[rows] = value;
    } else if (isList(data)) return;
    else if (kept === width) copy(into, data, rows * kept);
    else for (let r = 0; r < count; r += 1) copy(into, data.subarray(r * width, r * width + kept), (rows + r) * kept);
  }

  return {
    endpoint,
    get rows() {
      return rows;
    },
    get bytes() {
      let textBytes = ids.bytes;
      for (const column of texts) textBytes += column?.bytes ?? 0;
      return rows * rowBytes + textBytes;
    },
    fits(record) {
      const { inputs, outputs } = record;
      if (inputs.length !== layout.length || outputs.length !== outputCount || record.endpoint !== endpoint)
        return false;
      for (let index = 0; index < layout.length; index += 1) {
        const input = inputs[index];
        const known = layout[index];
        if (input === undefined || known === undefined) return false;
        if (input.name !== known.name || input.datatype !== known.datatype) return false;
        if (input.data.length !== known.width * record.rows) return false;
      }
      return outputs[scored]?.name === scoredName && same(redact, record.redact) && stamps.length < MAX_STAMPS;
    },
    add(record) {
      const count = record.rows;
      const end = rows + count;
      if (end > capacity) grow(end);
      ids.push(record.id);
      if (calls === repeat.length) repeat = widened(repeat, (length) => new Uint32Array(length), calls * 2);
      repeat[calls] = count;
      calls += 1;
      const mark = stampOf(record);
      const output = record.outputs[scored];
      const step = output === undefined ? 0 : output.data.length / count;
      for (let index = 0; index < count; index += 1) {
        const at = rows + index;
        time[at] = record.time;
        received[at] = record.receivedAt;
        latency[at] = record.latencyMs;
        row[at] = index;
        stamp[at] = mark;
        score[at] = output === undefined ? Number.NaN : scoreAt(output, index * step + offset);
      }
      for (let index = 0; index < layout.length; index += 1) {
        const input = record.inputs[index];
        if (input !== undefined) addInput(index, input, count);
      }
      rows = end;
    },
    columns() {
      const one = (name: string, type: LogColumn['type'], all: LogNumbers): LogColumn => ({
        name,
        type,
        values: { kind: 'numbers', numbers: all.slice(0, rows), width: 1, part: 0 },
      });
      const codes = stamp.slice(0, rows);
      const coded = (
        name: string,
        type: LogColumn['type'],
        of: (stamp: Stamp) => string | number | null,
      ): LogColumn => ({
        name,
        type,
        values: { kind: 'coded', codes, of: stamps.map(of), width: 1, part: 0 },
      });
      const columns: LogColumn[] = [
        { name: 'request_id', type: 'STRING', values: ids.values(1, 0, repeat.slice(0, calls)) },
        one('row', 'INT32', row),
        one('time', 'INT64', time),
        one('received_at', 'INT64', received),
        coded('version', 'INT32', (entry) => entry.version),
        coded('release_id', 'STRING', (entry) => entry.releaseId),
        coded('role', 'STRING', (entry) => entry.role),
        coded('experiment', 'STRING', (entry) => entry.experiment ?? null),
        one('latency_ms', 'DOUBLE', latency),
        one('score', 'DOUBLE', score),
      ];
      layout.forEach(({ name, datatype, width, kept, redacted }, index) => {
        const type = columnType(datatype);
        const held = numbers[index]?.slice(0, rows * kept);
        for (let part = 0; part < kept; part += 1) {
          columns.push({
            name: width === 1 ? `in_${name}` : `in_${name}_${part}`,
            type,
            values: redacted
              ? { kind: 'nulls' }
              : held === undefined
                ? (texts[index]?.values(kept, part) ?? { kind: 'nulls' })
                : {
                    kind: 'numbers',
                    numbers: held,
                    width: kept,
                    part,
                    ...(isHalf(datatype) ? { half: datatype } : {}),
                  },
          });
        }
      });
      return { rows, columns };
    },
  };
}

function isList(data: Tensor['data']): data is readonly string[] {
  return Array.isArray(data);
}
