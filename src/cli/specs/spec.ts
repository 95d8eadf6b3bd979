/** What a command says of itself before it is loaded. */
import type { action } from '../session.ts';

export interface Spec {
  readonly name: string;
  readonly args?: string;
  readonly summary: string;
  readonly examples: readonly string[];
  readonly options?: readonly (readonly [flags: string, description: string, fallback?: string])[];
  readonly load: () => Promise<{ readonly run: Parameters<typeof action>[0] }>;
}
