/** The process that reads one Parquet file for a preview (adapters/preview-process): what a file claims can fill no more than its own memory. */
import { parquetPreview } from './preview-parquet.ts';
import type { PreviewAnswer, PreviewRequest } from '../../ports/parquet-preview.ts';

/** Of one typed array: these lie outside the heap whose size the process is held to, and a page's header says how long they are. */
const MAX_LENGTH = 64 * 2 ** 20;

for (const type of [Uint8Array, Int32Array, Float32Array, Float64Array, BigInt64Array]) {
  const held = new Proxy(type, {
    construct(target, given: unknown[], made) {
      if (typeof given[0] === 'number' && given[0] * target.BYTES_PER_ELEMENT > MAX_LENGTH)
        throw new RangeError('a page is larger than a preview may read');
      return Reflect.construct(target, given, made);
    },
  });
  Reflect.set(globalThis, type.name, held);
}

const waiting: ((bytes: Uint8Array) => void)[] = [];
const say = (answer: PreviewAnswer): void => void process.send?.(answer);

/** Asked for one after another or together; the answers come in the order of the questions. */
function read(start: number, end: number): Promise<Uint8Array> {
  return new Promise((accept) => {
    waiting.push(accept);
    say({ start, end });
  });
}

process.on('message', (request: PreviewRequest) => {
  if ('part' in request) waiting.shift()?.(request.part);
  else void parquetPreview(request.bytes, read).then((preview) => say({ preview }));
});
// Whoever asked is gone.
process.on('disconnect', () => process.exit(0));
