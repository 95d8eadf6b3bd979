/** A command that serves in the foreground: it waits for Ctrl+C or SIGTERM, ends in order, and at a second Ctrl+C at once. */
import type { Output } from './output.ts';

export async function untilAsked(out: Output, end: (reason: string) => Promise<void>): Promise<never> {
  // The program's own listener would end it at once.
  process.removeAllListeners('SIGINT');
  const signal = await new Promise<string>((resolve) => {
    for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => resolve(name));
  });
  process.once('SIGINT', () => process.exit(130));
  out.note('answering what is in flight …');
  await end(signal);
  process.exit(0);
}
