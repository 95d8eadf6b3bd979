/** Answered calls whose inputs differ from call to call, cell by cell: slow, for models with open shapes. See prediction-block.ts for the rest. */
import type { Tensor } from '../../domain/tensors.ts';
import { halfToNumber } from '../../platform/half-float.ts';
import type { LogBlock, LogCell, LogColumn } from '../../ports/prediction-log.ts';
import { columnType, MAX_INPUT_COLUMNS, scoreAt, scorePlace } from './prediction-block.ts';
import type { PredictionBlock } from './prediction-block.ts';
import type { PredictionRecord } from './prediction-record.ts';

/** Of the call itself: request id, row, times, version, release, role, experiment, latency, score. */
const FACT_COLUMNS = 10;

function cell(tensor: Tensor, index: number): LogCell {
  const value = tensor.data[index];
  if (value === undefined) return null;
  const { datatype } = tensor;
  if (datatype === 'BOOL') return value !== 0;
  if (typeof value !== 'number') return value;
  const number = datatype === 'FP16' || datatype === 'BF16' ? halfToNumber(value, datatype) : value;
  if (columnType(datatype) === 'INT64') return BigInt(number);
  // A missing number came in as NaN: the log says null, so that a query counts it as missing.
  return Number.isNaN(number) ? null : number;
}

class Columns {
  readonly byName = new Map<string, { type: LogColumn['type']; values: LogCell[] }>();
  rows = 0;

  /** Sets a cell of the row `at`. A column first seen late is null before; one whose type differs between calls becomes text or double. */
  set(name: string, type: LogColumn['type'], at: number, value: LogCell): void {
    let column = this.byName.get(name);
    if (column === undefined) {
      if (this.byName.size >= MAX_INPUT_COLUMNS + FACT_COLUMNS) return;
      column = { type, values: Array.from({ length: at }, () => null) };
      this.byName.set(name, column);
    } else if (column.type !== type) this.unify(column, type);
    while (column.values.length < at) column.values.push(null);
    column.values[at] =
      value === null || column.type === type ? value : column.type === 'DOUBLE' ? Number(value) : String(value);
  }

  private unify(column: { type: LogColumn['type']; values: LogCell[] }, type: LogColumn['type']): void {
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
      return { name, type: column.type, values: { kind: 'cells', cells: column.values } };
    });
  }
}

function addInputs(columns: Columns, record: PredictionRecord, start: number): void {
  for (const input of record.inputs) {
    const width = input.data.length / record.rows;
    // An input that has not one entry a row (a scalar setting) belongs to no row.
    if (!Number.isInteger(width) || width === 0) continue;
    const hidden = record.redact?.includes(input.name) ?? false;
    const type = columnType(input.datatype);
    for (let part = 0; part < width && part < MAX_INPUT_COLUMNS; part += 1) {
      const name = width === 1 ? `in_${input.name}` : `in_${input.name}_${part}`;
      for (let row = 0; row < record.rows; row += 1)
        columns.set(name, type, start + row, hidden ? null : cell(input, row * width + part));
    }
  }
}

/** Records of any inputs in one file. All are of one endpoint; order is kept. */
export function mixedColumns(records: readonly PredictionRecord[]): LogBlock {
  const columns = new Columns();
  for (const record of records) {
    const start = columns.rows;
    const { output: scored, offset } = scorePlace(record.outputs);
    const output = record.outputs[scored];
    const step = (output?.data.length ?? 0) / record.rows;
    for (let row = 0; row < record.rows; row += 1) {
      const at = start + row;
      const score = output === undefined ? Number.NaN : scoreAt(output, row * step + offset);
      columns.set('request_id', 'STRING', at, record.id);
      columns.set('row', 'INT32', at, row);
      columns.set('time', 'INT64', at, BigInt(record.time));
      columns.set('received_at', 'INT64', at, BigInt(record.receivedAt));
      columns.set('version', 'INT32', at, record.version);
      columns.set('release_id', 'STRING', at, record.releaseId);
      columns.set('role', 'STRING', at, record.role ?? 'live');
      columns.set('experiment', 'STRING', at, record.experiment ?? null);
      columns.set('latency_ms', 'DOUBLE', at, record.latencyMs);
      columns.set('score', 'DOUBLE', at, Number.isNaN(score) ? null : score);
    }
    addInputs(columns, record, start);
    columns.rows += record.rows;
  }
  return { rows: columns.rows, columns: columns.finish() };
}

/** A block for calls that fit no other: it holds the records themselves. */
export function createMixedBlock(endpoint: string): PredictionBlock {
  const records: PredictionRecord[] = [];
  let rows = 0;
  let bytes = 0;
  return {
    endpoint,
    get rows() {
      return rows;
    },
    get bytes() {
      return bytes;
    },
    fits: (record) => record.endpoint === endpoint,
    add(record) {
      records.push(record);
      rows += record.rows;
      bytes += 256 + record.inputs.reduce((sum, { data }) => sum + data.length * 16, 0);
    },
    columns: () => mixedColumns(records),
  };
}
