/** A folder of plain files that other tools read. It is there whole under its name after `commit`, and not at all before. */
import type { ScanRow, TableShape } from './table-source.ts';

export const EXPORT_FORMATS = ['parquet', 'csv', 'jsonl'] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

export interface ExportedFile {
  /** Relative to the folder. */
  readonly file: string;
  readonly rows: number;
  readonly bytes: number;
  /** `sha256:<64 hex>` of the file. */
  readonly digest: string;
}

export interface ExportFolder {
  /** One file of a table. Rows are written as they come; what is held is one row group. */
  table(shape: TableShape, batches: AsyncIterable<readonly ScanRow[]>): Promise<ExportedFile>;
  /** Where on this machine a file of the folder will be written to. Throws MW-PATH for a segment that is no plain name. */
  place(segments: readonly string[]): string;
  text(name: string, content: string): Promise<void>;
  /** Gives the folder its name; tables and texts are durable then. Throws MW-STATE when something has come to be there meanwhile. */
  commit(): Promise<void>;
  /** Takes away what was written; nothing after `commit`. */
  discard(): Promise<void>;
}
