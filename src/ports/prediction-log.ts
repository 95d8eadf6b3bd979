/** Where the data plane's prediction log goes: column by column, one block at a time, away from the event loop. */

/** One number a cell, in the memory it came in. Where the column's type is DOUBLE, NaN stands for null. */
export type LogNumbers =
  | Float64Array
  | Float32Array
  | BigInt64Array
  | BigUint64Array
  | Int32Array
  | Uint32Array
  | Int16Array
  | Uint16Array
  | Int8Array
  | Uint8Array;

export type LogCell = number | bigint | string | boolean | null;

/**
 * The values of a column, as cheap to hand over as they are to collect: the writer lays them out.
 * `numbers`, `bytes` and `coded` hold `width` cells a row, of which the column is number `part`.
 * `half` says that the numbers are the bits of 16-bit floats.
 * `bytes` are texts in UTF-8, one after the other; text i ends before `ends[i]`. `repeat`: text i stands for that many rows (the id
 * of a request of many rows).
 */
export type LogValues =
  | { readonly kind: 'cells'; readonly cells: readonly LogCell[] }
  | {
      readonly kind: 'numbers';
      readonly numbers: LogNumbers;
      readonly width: number;
      readonly part: number;
      readonly half?: 'FP16' | 'BF16';
    }
  | {
      readonly kind: 'bytes';
      readonly bytes: Uint8Array;
      readonly ends: Uint32Array;
      readonly width: number;
      readonly part: number;
      readonly repeat?: Uint32Array;
    }
  | {
      readonly kind: 'coded';
      readonly codes: Uint16Array;
      readonly of: readonly LogCell[];
      readonly width: number;
      readonly part: number;
    }
  | { readonly kind: 'nulls' };

export interface LogColumn {
  readonly name: string;
  readonly type: 'INT32' | 'INT64' | 'DOUBLE' | 'STRING' | 'BOOLEAN';
  readonly values: LogValues;
}

export interface LogBlock {
  readonly rows: number;
  readonly columns: readonly LogColumn[];
}

export interface PredictionLogWriter {
  /**
   * Rows in the order they arrived; every column has one value a row. Durable when it resolves. `part` is time-sortable and names the
   * file, so that the order of names is the order of arrival. The block's memory may be taken: it is not read again by the caller.
   * Throws MW-DISK-FULL or MW-UNAVAILABLE.
   */
  write(endpoint: string, part: string, block: LogBlock): Promise<void>;
  close(): Promise<void>;
}
