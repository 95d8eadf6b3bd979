/** Reads the first rows of a Parquet file that nobody vouches for. */

export interface TablePreview {
  readonly kind: 'table';
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | number | boolean | null)[])[];
  /** Rows of the whole file; absent when only its beginning was read. */
  readonly total?: number;
  readonly truncated: boolean;
}

export interface NoPreview {
  readonly kind: 'none';
  readonly reason: string;
}

/** `bytes`: size of the file. Whatever breaks, takes too long or too much is a file without a preview, never an error. */
export type ParquetPreview = (
  bytes: number,
  read: (start: number, end: number) => Promise<Uint8Array>,
) => Promise<TablePreview | NoPreview>;

/** What a process that reads is told: the file's size first, then each part that it asked for, in the order of its questions. */
export type PreviewRequest = { readonly bytes: number } | { readonly part: Uint8Array };
export type PreviewAnswer =
  | { readonly start: number; readonly end: number }
  | { readonly preview: TablePreview | NoPreview };
