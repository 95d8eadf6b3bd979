/** Records that move: from another tracking server to here, to files that other tools read, and blobs from one store to another. */
export { exportAll } from './export.ts';
export type { ExportOptions, ExportReport } from './export.ts';
export { createImporter } from './import.ts';
export type { ImportOptions, ImportReport } from './import.ts';
export { moveBlobs } from './move.ts';
export type { MovedBlobs } from './move.ts';
