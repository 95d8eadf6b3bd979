/** Windows of the endpoint's charts, narrow to wide. */
export const WINDOWS: readonly string[] = ['5m', '15m', '1h', '8h', '24h', '7d'];

const UNIT: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `8h` in milliseconds; an unknown form is one hour. */
export function windowMs(window: string): number {
  const found = /^(\d+)([mhd])$/.exec(window);
  return found === null ? 3_600_000 : Number(found[1]) * (UNIT[found[2] ?? 'h'] ?? 3_600_000);
}
