/** Turns answered requests into columns of the prediction log, one row for each row of the batch. */
import type { Tensor } from '../../domain/tensors.ts';
import type { LogColumn } from '../../ports/prediction-log.ts';

export interface PredictionRecord {
  readonly endpoint: string;
  readonly id: string;
  /** Event time, ms. */
  readonly time: number;
  readonly receivedAt: number;
  readonly version: number;
  readonly releaseId: string;
  readonly latencyMs: number;
  readonly rows: number;
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
}

type Cell = number | bigint | string | boolean | null;

/** Wide single-tensor models get one column a feature; more than this many are not logged cell by cell. */
const MAX_COLUMNS = 512;

function cell(tensor: Tensor, index: number): Cell {
  const value = tensor.data[index];
  if (value === undefined) return null;
  if (tensor.datatype === 'BOOL') return value !== 0;
  // A missing number came in as NaN: the log says null, so that a query counts it as missing.
  if (typeof value === 'number' && Number.isNaN(value)) return null;
  if (typeof value === 'number' && tensor.datatype !== 'FP32' && tensor.datatype !== 'FP64') return BigInt(value);
  return value;
}

function typeOf(tensor: Tensor): LogColumn['type'] {
  if (tensor.datatype === 'BYTES') return 'STRING';
  if (tensor.datatype === 'BOOL') return 'BOOLEAN';
  return tensor.datatype === 'FP32' || tensor.datatype === 'FP64' ? 'DOUBLE' : 'INT64';
}

/** Probability of class 1 when an output [n, 2] is named like one, else the first column of the first numeric output. */
function scoreOf(outputs: readonly Tensor[], rows: number): (row: number) => number | null {
  const numeric = outputs.filter((output) => output.datatype !== 'BYTES');
  const pair = numeric.find(
    (output) => /prob/i.test(output.name) && output.shape.length === 2 && output.shape[1] === 2,
  );
  const chosen = pair ?? numeric[0];
  if (chosen === undefined || rows === 0) return () => null;
  const width = chosen.data.length / rows;
  const offset = pair === undefined ? 0 : 1;
  return (row) => {
    const value = chosen.data[row * width + offset];
    if (value === undefined) return null;
    const number = Number(value);
    return Number.isFinite(number) ? number : null;
  };
}

class Columns {
  readonly byName = new Map<string, { type: LogColumn['type']; values: Cell[] }>();
  rows = 0;

  /** Sets a cell of the row `at`. A column first seen late is null before; one whose type differs between versions becomes text or double. */
  set(name: string, type: LogColumn['type'], at: number, value: Cell): void {
    let column = this.byName.get(name);
    if (column === undefined) {
      if (this.byName.size >= MAX_COLUMNS) return;
      column = { type, values: Array.from({ length: at }, () => null) };
      this.byName.set(name, column);
    } else if (column.type !== type) this.unify(column, type);
    while (column.values.length < at) column.values.push(null);
    column.values[at] =
      value === null || column.type === type ? value : column.type === 'DOUBLE' ? Number(value) : String(value);
  }

  private unify(column: { type: LogColumn['type']; values: Cell[] }, type: LogColumn['type']): void {
    const numeric = new Set(['DOUBLE', 'INT64', 'INT32']);
    const target = numeric.has(type) && numeric.has(column.type) ? 'DOUBLE' : 'STRING';
    if (column.type === target) return;
    column.type = target;
    column.values = column.values.map((value) =>
      value === null ? null : target === 'DOUBLE' ? Number(value) : String(value),
    );
  }

  finish(): LogColumn[] {
    return [...this.byName].map(([name, column]) => {
      while (column.values.length < this.rows) column.values.push(null);
      return { name, type: column.type, values: column.values };
    });
  }
}

function addInputs(columns: Columns, record: PredictionRecord, start: number): void {
  for (const input of record.inputs) {
    const width = input.data.length / record.rows;
    // An input that has not one entry a row (a scalar setting) belongs to no row.
    if (!Number.isInteger(width) || width === 0) continue;
    const type = typeOf(input);
    for (let part = 0; part < width && part < MAX_COLUMNS; part += 1) {
      const name = width === 1 ? `in_${input.name}` : `in_${input.name}_${part}`;
      for (let row = 0; row < record.rows; row += 1)
        columns.set(name, type, start + row, cell(input, row * width + part));
    }
  }
}

/** What every record must share to be laid out at once. */
interface InputPlan {
  readonly name: string;
  readonly datatype: string;
  readonly width: number;
}

function planOf(record: PredictionRecord): readonly InputPlan[] {
  return record.inputs.map(({ name, datatype, data }) => ({ name, datatype, width: data.length / record.rows }));
}

function follows(record: PredictionRecord, plan: readonly InputPlan[]): boolean {
  return (
    record.inputs.length === plan.length &&
    plan.every(({ name, datatype, width }, index) => {
      const input = record.inputs[index];
      return input?.name === name && input.datatype === datatype && input.data.length === width * record.rows;
    })
  );
}

function doubles(
  records: readonly PredictionRecord[],
  rows: number,
  input: number,
  width: number,
  part: number,
): Float64Array {
  const out = new Float64Array(rows);
  let at = 0;
  for (const record of records) {
    const data = record.inputs[input]?.data ?? [];
    for (let row = 0; row < record.rows; row += 1, at += 1) out[at] = Number(data[row * width + part]);
  }
  return out;
}

function others(records: readonly PredictionRecord[], input: number, width: number, part: number): readonly Cell[] {
  const out: Cell[] = [];
  for (const record of records) {
    const tensor = record.inputs[input];
    for (let row = 0; row < record.rows; row += 1)
      out.push(tensor === undefined ? null : cell(tensor, row * width + part));
  }
  return out;
}

/** The columns that are not inputs: filled record by record, as most are the same for all rows of a request. */
function facts(records: readonly PredictionRecord[], rows: number): readonly LogColumn[] {
  const [ids, releases]: [string[], string[]] = [[], []];
  const [row, version] = [new Int32Array(rows), new Int32Array(rows)];
  const [time, received] = [new BigInt64Array(rows), new BigInt64Array(rows)];
  const [latency, score] = [new Float64Array(rows), new Float64Array(rows)];
  let at = 0;
  for (const record of records) {
    const end = at + record.rows;
    time.fill(BigInt(record.time), at, end);
    received.fill(BigInt(record.receivedAt), at, end);
    version.fill(record.version, at, end);
    latency.fill(record.latencyMs, at, end);
    const scored = scoreOf(record.outputs, record.rows);
    for (let index = 0; index < record.rows; index += 1) {
      ids.push(record.id);
      releases.push(record.releaseId);
      row[at + index] = index;
      score[at + index] = scored(index) ?? Number.NaN;
    }
    at = end;
  }
  return [
    { name: 'request_id', type: 'STRING', values: ids },
    { name: 'row', type: 'INT32', values: row },
    { name: 'time', type: 'INT64', values: time },
    { name: 'received_at', type: 'INT64', values: received },
    { name: 'version', type: 'INT32', values: version },
    { name: 'release_id', type: 'STRING', values: releases },
    { name: 'latency_ms', type: 'DOUBLE', values: latency },
    { name: 'score', type: 'DOUBLE', values: score },
  ];
}

/** Undefined when the records differ in their inputs: then each cell has to be looked at. */
function uniformColumns(records: readonly PredictionRecord[]): readonly LogColumn[] | undefined {
  const [first] = records;
  if (first === undefined || first.rows === 0) return undefined;
  const plan = planOf(first);
  const width = plan.reduce((sum, input) => sum + input.width, 0);
  if (!Number.isInteger(width) || width + 8 > MAX_COLUMNS) return undefined;
  if (plan.some((input) => !Number.isInteger(input.width))) return undefined;
  if (!records.every((record) => follows(record, plan))) return undefined;
  const rows = records.reduce((sum, record) => sum + record.rows, 0);
  const columns = [...facts(records, rows)];
  first.inputs.forEach((input, index) => {
    const type = typeOf(input);
    const each = plan[index]?.width ?? 0;
    for (let part = 0; part < each; part += 1) {
      columns.push({
        name: each === 1 ? `in_${input.name}` : `in_${input.name}_${part}`,
        type,
        values: type === 'DOUBLE' ? doubles(records, rows, index, each, part) : others(records, index, each, part),
      });
    }
  });
  return columns;
}

/** All records are of one endpoint; order is kept. Column names and types: see the ports' AnalyticsStore readers. */
export function toColumns(records: readonly PredictionRecord[]): readonly LogColumn[] {
  return uniformColumns(records) ?? mixedColumns(records);
}

/** Records of versions with different inputs, in one file. */
function mixedColumns(records: readonly PredictionRecord[]): readonly LogColumn[] {
  const columns = new Columns();
  for (const record of records) {
    const start = columns.rows;
    const score = scoreOf(record.outputs, record.rows);
    for (let row = 0; row < record.rows; row += 1) {
      const at = start + row;
      columns.set('request_id', 'STRING', at, record.id);
      columns.set('row', 'INT32', at, row);
      columns.set('time', 'INT64', at, BigInt(record.time));
      columns.set('received_at', 'INT64', at, BigInt(record.receivedAt));
      columns.set('version', 'INT32', at, record.version);
      columns.set('release_id', 'STRING', at, record.releaseId);
      columns.set('latency_ms', 'DOUBLE', at, record.latencyMs);
      columns.set('score', 'DOUBLE', at, score(row));
    }
    addInputs(columns, record, start);
    columns.rows += record.rows;
  }
  return columns.finish();
}
