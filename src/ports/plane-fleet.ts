/**
 * Gateways on other machines. They ask for the book of routes by long poll and report what they have; nothing connects to them. A
 * route is announced as `next` first; it becomes `current` when every living gateway has loaded and warmed what it names.
 */
import type { PlaneRoute, PlaneStatus } from './data-plane.ts';

export interface PlaneBook {
  /** Of this book: one asks for what is newer. Comparable only for equality. */
  readonly revision: string;
  readonly current: readonly PlaneRoute[];
  /** Announced, not used yet. The same route announced again has another `id`: what was refused then is not refused now. */
  readonly next: readonly { readonly id: string; readonly route: PlaneRoute }[];
  /** sha256 (hex) of the bearer tokens that callers may use. */
  readonly tokens: readonly string[];
}

export interface GatewayReport {
  /** Releases that are loaded and warm. */
  readonly warm: readonly string[];
  /** Routes that could not be prepared (`announced` as `id` in the book), or taken (without). */
  readonly refused: readonly {
    readonly announced?: string;
    readonly endpoint: string;
    readonly epoch: number;
    readonly where: string;
    readonly message: string;
  }[];
  readonly status: PlaneStatus;
}

export interface FollowerView {
  readonly id: string;
  readonly lastSeenAt: number;
  /** Heard of lately: a rollout waits for it. */
  readonly live: boolean;
  readonly report?: GatewayReport;
}

export interface PlaneFleet {
  /**
   * Resolves with the book as soon as it is another than `after`, or after `waitMs` as it is. A gateway that waits also reports.
   */
  book(gateway: string, after: string, waitMs: number, signal: AbortSignal): Promise<PlaneBook>;
  report(gateway: string, report: GatewayReport): void;
  /** It ends in order: nothing waits for it any more. */
  leave(gateway: string): void;
  followers(): readonly FollowerView[];
  /** Path on this machine of a file that a route of the book names, by the name it has in the book; undefined for any other. */
  file(name: string): string | undefined;
}
