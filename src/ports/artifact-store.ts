/** Blobs by content. Names given by clients never become paths: a name maps to a digest in the metadata, a digest to a blob here. */

export interface Blob {
  /** `sha256:<64 hex>` */
  readonly digest: string;
  readonly bytes: number;
}

export interface StoredBlob extends Blob {
  readonly putAt: number;
  /** Other names on this machine hold its bytes too (hard links), so deleting it frees nothing yet. */
  readonly linked?: boolean;
}

export interface ArtifactStore {
  /**
   * Streams to a temporary file, fsyncs, renames, fsyncs the folder. Resolves only when the blob is durable. Idempotent; a put of what
   * is there makes it young again (`putAt`), which is what keeps it from a collector that saw nobody name it.
   */
  put(source: AsyncIterable<Uint8Array> | Uint8Array, limitBytes?: number): Promise<Blob>;
  /** Adopts a file of this machine (a step's output). The file stays; hard link or copy, whichever works. */
  putFile(path: string): Promise<Blob>;
  /** Throws MW-NOT-FOUND. `range` is inclusive start, exclusive end, in bytes. */
  get(digest: string, range?: { readonly start: number; readonly end?: number }): Promise<AsyncIterable<Uint8Array>>;
  bytes(digest: string): Promise<Uint8Array>;
  stat(digest: string): Promise<Blob | undefined>;
  /** Makes the blob appear, read-only, at a path of this machine (a step's input). Parent folders are made. */
  materialize(digest: string, path: string): Promise<void>;
  /**
   * `stat` for whoever is about to name a blob that he did not just put: it counts as put now, or is undefined because it is gone.
   * The order is renew, then the row; the collector then either sees a young blob or has taken it before anybody could name it.
   */
  renew(digest: string): Promise<Blob | undefined>;
  /** With `unlessPutSince` (ms): only when it was last put or renewed before; decided together with puts of the same blob. */
  delete(digest: string, unlessPutSince?: number): Promise<boolean>;
  /** Every blob with the time it was last put (ms), in any order: for the collector and for moving to another store. */
  list(): AsyncIterable<StoredBlob>;
}
