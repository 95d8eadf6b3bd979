/** Where a model's batches run. The figures are measured: docs/adr/0019-where-a-batch-runs.md. */
import { closeSync, openSync, readSync } from 'node:fs';
import type { ModelSignature } from '../../domain/registry.ts';
import type { LoadReport } from './messages.ts';

/** `inline`: on the gateway's own thread. */
export type Placement = 'inline' | 'thread' | 'process';

/** A row that is quicker than this may run inline; a model that runs inline and became slower than KEEP_MS leaves. */
const INLINE_MS = 1;
export const KEEP_MS = 3;
/** Each further row: dearer than the way to a thread and back, so that threads on other cores serve more of them. */
const INLINE_ROW_MS = 0.05;
export const KEEP_ROW_MS = 0.15;
/** The largest batch on the gateway's own thread: no other call waits longer for the event loop. */
export const INLINE_BATCH_MS = 4;
/** Preparing a model blocks the thread it is done on: once, and for no longer than this while others are served. */
const INLINE_LOAD_MS = 50;
/** A file so small is quick to prepare, whatever a busy machine made of it the first time. */
const INLINE_LOAD_BYTES = 1 << 20;
/** Text of a call above which it does not run inline: what tokenizers cost is in the characters, not in the rows. */
export const INLINE_TEXT = 65_536;

/**
 * ONNX operators with a loop whose length is in the data, as the file says them (NodeProto.op_type, field 4): such a model may not come
 * back at all, and what runs inline cannot be ended.
 */
const LOOPS = ['Loop', 'Scan', 'SequenceMap'].map((name) =>
  Buffer.from(`\u0022${String.fromCharCode(name.length)}${name}`),
);
const CHUNK = 1 << 20;

export function hasLoops(path: string): boolean {
  const file = openSync(path, 'r');
  try {
    const chunk = Buffer.alloc(CHUNK + 16);
    let kept = 0;
    for (;;) {
      const read = readSync(file, chunk, kept, CHUNK, null);
      if (read === 0) return false;
      const part = chunk.subarray(0, kept + read);
      if (LOOPS.some((needle) => part.includes(needle))) return true;
      // A name may lie across two chunks.
      const tail = part.subarray(Math.max(0, part.length - 16));
      kept = tail.length;
      chunk.set(tail, 0);
    }
  } finally {
    closeSync(file);
  }
}

/** Only the number of rows is free: then the learned cost of rows says what a call costs. */
function isTabular({ inputs, outputs }: ModelSignature): boolean {
  return [...inputs, ...outputs].every(({ shape }) =>
    shape.every((size, index) => (index === 0 ? size === -1 : size !== -1)),
  );
}

/** By what the probes or the calls said: `oneMs` a batch of one row, `rowMs` each further row. `quiet`: nobody is served now whom the load could delay. */
export function mayRunInline(
  { signature, loadMs, bytes }: Pick<LoadReport, 'signature' | 'loadMs' | 'bytes'>,
  cost: { readonly oneMs: number; readonly rowMs: number },
  quiet: boolean,
): boolean {
  if (!isTabular(signature) || cost.oneMs > INLINE_MS || cost.rowMs > INLINE_ROW_MS) return false;
  return quiet || loadMs <= INLINE_LOAD_MS || bytes <= INLINE_LOAD_BYTES;
}
