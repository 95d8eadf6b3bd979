/** Turns calls into something that can be awaited in a loop, in order, without loss. */

interface Channel<T> extends AsyncIterable<T> {
  readonly push: (value: T) => void;
  /** Ends the loop after what was pushed; with an error the loop throws it. */
  readonly close: (error?: unknown) => void;
}

export function createChannel<T>(): Channel<T> {
  const values: T[] = [];
  let closed = false;
  let failure: { readonly error: unknown } | undefined;
  let wake: (() => void) | undefined;
  const ring = (): void => {
    wake?.();
    wake = undefined;
  };
  return {
    push(value) {
      values.push(value);
      ring();
    },
    close(error) {
      closed = true;
      if (error !== undefined) failure = { error };
      ring();
    },
    async *[Symbol.asyncIterator]() {
      for (;;) {
        const value = values.shift();
        if (value !== undefined) yield value;
        else if (closed) break;
        else await new Promise<void>((resolve) => (wake = resolve));
      }
      if (failure !== undefined) throw failure.error;
    },
  };
}
