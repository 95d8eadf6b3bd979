/** DatasetVersion: the content of a dataset at one moment, named by the digest of its files. */

export type ColumnType = 'string' | 'number' | 'integer' | 'boolean' | 'time' | 'other';

export interface Column {
  readonly name: string;
  readonly type: ColumnType;
}

/** What one column looked like. Counts are rows; `edges` has one more entry than `counts`. */
export interface ColumnProfile {
  readonly name: string;
  readonly type: ColumnType;
  readonly rows: number;
  readonly missing: number;
  readonly distinct: number;
  readonly mean?: number;
  readonly sd?: number;
  readonly min?: number;
  readonly max?: number;
  /** Quantile edges of the reference (deciles, deduplicated) and the rows between them: for PSI and the eye. */
  readonly edges?: readonly number[];
  readonly counts?: readonly number[];
  /** A seeded sample of at most 5,000 non-missing values, ascending: for KS and Wasserstein. */
  readonly sample?: readonly number[];
  /** The most frequent values of a text column, at most 200, and the rows of all others. */
  readonly top?: readonly { readonly value: string; readonly rows: number }[];
  readonly otherRows?: number;
  /** Drift below this effect is this column's normal weather (from control windows); used when above the monitor's own limit. */
  readonly driftLimit?: number;
}

export interface DatasetFile {
  /** Relative to the project's root, `/` as separator. */
  readonly path: string;
  readonly digest: string;
  readonly bytes: number;
}

export interface CheckResult {
  readonly text: string;
  readonly passed: boolean;
  readonly observed: string;
}

/** What differs from the columns of the version before. A retyped column has both types. */
export interface SchemaChange {
  readonly column: string;
  readonly kind: 'added' | 'removed' | 'retyped';
  readonly from?: ColumnType;
  readonly to?: ColumnType;
}

export interface DatasetVersion {
  /** `<project>/<name>/<first 12 of digest>` */
  readonly id: string;
  readonly createdAt: number;
  readonly project: string;
  readonly name: string;
  /** sha256 over the sorted (path, digest) pairs. */
  readonly digest: string;
  readonly files: readonly DatasetFile[];
  readonly rows: number;
  readonly bytes: number;
  readonly columns: readonly Column[];
  readonly profile: readonly ColumnProfile[];
  readonly checks: readonly CheckResult[];
  /** The version that was newest when this one came; absent for the first. */
  readonly previousId?: string;
  readonly schemaChanges?: readonly SchemaChange[];
}
