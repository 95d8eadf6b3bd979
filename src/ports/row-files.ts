/** Rows of Parquet, CSV and JSON-lines files in their order, and files made of them with answers beside. */
import type { Datatype, TensorData } from '../domain/tensors.ts';

export interface RowColumn {
  readonly name: string;
  readonly type: 'number' | 'integer' | 'boolean' | 'text' | 'other';
}

/** What is asked of a column: its values as a tensor of that type. */
export interface WantedColumn {
  readonly name: string;
  readonly as: Datatype;
}

export interface RowSource {
  readonly columns: readonly RowColumn[];
  readonly rows: number;
  /**
   * Chunks of at most `size` consecutive rows from row `from` on, one array a column. A missing number is NaN, a missing text ''.
   * Throws MW-DATA-READ naming row and column for a missing or impossible whole number or truth value.
   */
  chunks(from: number, wanted: readonly WantedColumn[], size: number): AsyncIterable<readonly TensorData[]>;
}

/** One column of answers; as long as the part. */
export interface AnswerColumn {
  readonly name: string;
  readonly datatype: Datatype;
  readonly data: ArrayLike<string | number | bigint>;
}

export interface RowFiles {
  /** Files with the same columns, one after the other. Throws MW-DATA-READ naming the file. */
  open(files: readonly string[]): Promise<RowSource>;
  /** One part of the answers as a Parquet file: there whole and durable, or not at all. */
  writePart(path: string, columns: readonly AnswerColumn[]): Promise<void>;
  /**
   * The rows with the answers of `parts` beside them, in the same order, as one file of the format its name ends with (.parquet, .csv,
   * .jsonl): there whole and durable, or not at all. Throws MW-STATE when there are not as many answers as rows. Returns the rows.
   */
  join(files: readonly string[], parts: readonly string[], out: string): Promise<number>;
  close(): void;
}
