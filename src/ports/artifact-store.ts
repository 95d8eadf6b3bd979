/** Blobs by content. Names given by clients never become paths: a name maps to a digest in the metadata, a digest to a blob here. */

export interface Blob {
  /** `sha256:<64 hex>` */
  readonly digest: string;
  readonly bytes: number;
}

export interface StoredBlob extends Blob {
  readonly putAt: number;
}

export interface ArtifactStore {
  /** Streams to a temporary file, fsyncs, renames, fsyncs the folder. Resolves only when the blob is durable. Idempotent. */
  put(source: AsyncIterable<Uint8Array> | Uint8Array, limitBytes?: number): Promise<Blob>;
  /** Adopts a file of this machine (a step's output). The file stays; hard link or copy, whichever works. */
  putFile(path: string): Promise<Blob>;
  /** Throws MW-NOT-FOUND. `range` is inclusive start, exclusive end, in bytes. */
  get(digest: string, range?: { readonly start: number; readonly end?: number }): Promise<AsyncIterable<Uint8Array>>;
  bytes(digest: string): Promise<Uint8Array>;
  stat(digest: string): Promise<Blob | undefined>;
  /** Makes the blob appear, read-only, at a path of this machine (a step's input). Parent folders are made. */
  materialize(digest: string, path: string): Promise<void>;
  delete(digest: string): Promise<boolean>;
  /** Every blob with the time it was last put (ms), in any order: for the collector and for moving to another store. */
  list(): AsyncIterable<StoredBlob>;
}
