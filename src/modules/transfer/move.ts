/** Blobs from one artifact store to another, of any kind. A blob is known by its content, so what is there already is passed over. */
import { MillwrightError } from '../../domain/errors.ts';
import type { ArtifactStore, StoredBlob } from '../../ports/artifact-store.ts';

export interface MovedBlobs {
  /** Blobs of the source. */
  readonly blobs: number;
  readonly bytes: number;
  /** Of these, copied now; the others were there. */
  readonly copied: number;
  readonly copiedBytes: number;
}

/** Small blobs wait for the disk and the network most of their time. */
const AT_ONCE = 4;

/**
 * Copies every blob of `from` to `to`; `from` stays as it is. Every blob is checked on its way: the target names it by the digest of what
 * arrived. Cut off and run again it goes on where it was. Throws MW-STATE for a blob whose bytes are not what its name says.
 */
export async function moveBlobs(
  from: Pick<ArtifactStore, 'list' | 'get'>,
  to: Pick<ArtifactStore, 'stat' | 'put'>,
  progress: (at: MovedBlobs) => void,
  signal?: AbortSignal,
): Promise<MovedBlobs> {
  let at: MovedBlobs = { blobs: 0, bytes: 0, copied: 0, copiedBytes: 0 };

  async function move({ digest, bytes }: StoredBlob): Promise<void> {
    const there = (await to.stat(digest)) !== undefined;
    if (!there) {
      const put = await to.put(await from.get(digest));
      if (put.digest !== digest) {
        throw new MillwrightError(
          'MW-STATE',
          `the blob ${digest} is damaged: its bytes have the digest ${put.digest}`,
          {
            where: '--artifacts-from',
            next: 'restore it from a backup, then run it again; what was copied stays',
          },
        );
      }
    }
    const copied = there ? 0 : 1;
    at = {
      blobs: at.blobs + 1,
      bytes: at.bytes + bytes,
      copied: at.copied + copied,
      copiedBytes: at.copiedBytes + copied * bytes,
    };
    progress(at);
  }

  const blobs = from.list()[Symbol.asyncIterator]();
  const end = new AbortController();
  async function work(): Promise<void> {
    while (!end.signal.aborted) {
      if (signal?.aborted === true) {
        throw new MillwrightError('MW-CANCELLED', 'stopped', { next: 'run it again: what was copied stays' });
      }
      const next = await blobs.next();
      if (next.done === true) return;
      await move(next.value);
    }
  }
  const done = await Promise.allSettled(
    Array.from({ length: AT_ONCE }, () =>
      work().catch((error: unknown) => {
        // The others finish the blob they have, and no more.
        end.abort();
        throw error;
      }),
    ),
  );
  const failed = done.find((one) => one.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
  return at;
}
