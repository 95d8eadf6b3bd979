/** Records that move: from another tracking server to here, and blobs from one store to another. */
export { createImporter } from './import.ts';
export type { ImportOptions, ImportReport } from './import.ts';
export { moveBlobs } from './move.ts';
export type { MovedBlobs } from './move.ts';
