/** Where the data plane's prediction log goes: column by column, one batch at a time, away from the event loop. */

export interface LogColumn {
  readonly name: string;
  readonly type: 'INT32' | 'INT64' | 'DOUBLE' | 'STRING' | 'BOOLEAN';
  /** NaN in a Float64Array stands for null: columns of numbers are handed over as memory, not copied value by value. */
  readonly values: readonly (number | bigint | string | boolean | null)[] | Int32Array | BigInt64Array | Float64Array;
}

export interface PredictionLogWriter {
  /**
   * Rows in the order they arrived; all columns have the same length. Durable when it resolves. `part` is time-sortable and names the
   * file, so that the order of names is the order of arrival. Throws MW-DISK-FULL or MW-UNAVAILABLE.
   */
  write(endpoint: string, part: string, columns: readonly LogColumn[]): Promise<void>;
  close(): Promise<void>;
}
