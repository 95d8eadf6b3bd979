/** What an adapter's test gives to the contract of AnalyticsStore: a store, and a way to log predictions into it. */
import type { AnalyticsStore } from '../ports/analytics-store.ts';

export interface LoggedPrediction {
  readonly requestId: string;
  readonly row: number;
  readonly time: number;
  readonly receivedAt?: number;
  readonly version?: number;
  readonly releaseId?: string;
  /** Files of before these columns were kept have none of them. */
  readonly role?: 'live' | 'shadow';
  readonly experiment?: string;
  readonly latencyMs?: number;
  readonly score: number | null;
  readonly inputs?: Readonly<Record<string, string | number | boolean | null>>;
}

export interface AnalyticsUnderTest {
  readonly store: AnalyticsStore;
  /** Writes one file of the prediction log, as the gateway does. */
  log(endpoint: string, rows: readonly LoggedPrediction[]): Promise<void>;
  /** A second store over the same data, after the first was closed. */
  reopen(): Promise<AnalyticsStore>;
  end(): Promise<void>;
}
