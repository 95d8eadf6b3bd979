/** What a thrown value says, in one line. */
export function errorTextOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.replaceAll(/\s+/g, ' ').slice(0, 400);
}
