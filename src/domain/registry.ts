/** RegisteredModel, ModelVersion, Alias: MLflow's meanings, with what a version was made of and how it was judged. */

export interface RegisteredModel {
  /** The model's name. */
  readonly id: string;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly description?: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly aliases: Readonly<Record<string, number>>;
  /** Never given again, even after a version was deleted. */
  readonly lastVersion: number;
  /** Gates that a version must pass before the alias may point at it, by alias; the language of `conditions.ts`. */
  readonly aliasGates?: Readonly<Record<string, readonly string[]>>;
  /** Where each alias pointed before its last move: what an undo goes back to. */
  readonly aliasesBefore?: Readonly<Record<string, number>>;
}

export interface GateResult {
  readonly text: string;
  readonly passed: boolean | undefined;
  readonly observed?: number;
  readonly required: string;
  /** `millwright.yaml:14` */
  readonly where: string;
}

/** Value with its 95 % interval (whole blocks, e.g. days, resampled) and the rows it was computed from. */
export interface Estimate {
  readonly value: number;
  readonly low?: number;
  readonly high?: number;
  readonly n?: number;
}

export interface TensorSpec {
  readonly name: string;
  /** Open Inference Protocol V2 datatype: FP32, INT64, BYTES, … */
  readonly datatype: string;
  /** -1 = free. */
  readonly shape: readonly number[];
  /** May be left out of a call (MLflow's `required: false`). */
  readonly optional?: boolean;
  /** What the texts of a BYTES input are, where the model says so: ISO 8601 times, or base64. They are checked at the door. */
  readonly content?: 'datetime' | 'binary';
}

/** A parameter of `predict` that a caller may set, from MLflow's params schema. `type` is MLflow's: long, double, string, … */
export interface ParamSpec {
  readonly name: string;
  readonly type: string;
  readonly default: unknown;
  /** -1 = a list of any length; absent = one value. */
  readonly shape?: readonly number[];
}

export interface ModelSignature {
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
  readonly params?: readonly ParamSpec[];
}

/** What a version made by a pipeline consists of; absent for versions registered by an MLflow client. */
export interface VersionLineage {
  readonly project: string;
  readonly pipelineRunId: string;
  readonly artifactDigest: string;
  readonly artifactName: string;
  readonly datasetVersionIds: readonly string[];
  readonly environmentId?: string;
  readonly codeDigest: string;
  readonly commit?: string;
  readonly params: Readonly<Record<string, string | number | boolean>>;
  readonly signature?: ModelSignature;
  /** Training reference for drift: profile of the model's inputs, an artifact digest (JSON of ColumnProfile[]). */
  readonly referenceDigest?: string;
  readonly parity?: { readonly maxAbsDiff: number; readonly rows: number };
  /** Artifact digest of rows and answers that a data plane must see repeated (golden rows, JSON). */
  readonly goldenDigest?: string;
}

export interface ModelVersion {
  /** `<model>/<number>` */
  readonly id: string;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly model: string;
  readonly number: number;
  readonly status: 'PENDING_REGISTRATION' | 'READY' | 'FAILED_REGISTRATION';
  /** MLflow's stage: None, Staging, Production, Archived. */
  readonly stage: string;
  readonly source: string;
  readonly runId?: string;
  /** The LoggedModel it was made from, `m-<32 hex>`. */
  readonly modelId?: string;
  /** Where `source` really is: an `mlflow-artifacts:` location, when `source` names a run or a logged model. */
  readonly location?: string;
  readonly runLink?: string;
  readonly userId?: string;
  readonly statusMessage?: string;
  readonly description?: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly metrics: Readonly<Record<string, Estimate>>;
  readonly championMetrics: Readonly<Record<string, Estimate>>;
  readonly championVersion?: number;
  readonly gates: readonly GateResult[];
  readonly verdict: 'accepted' | 'refused' | 'unjudged';
  readonly lineage?: VersionLineage;
  /** How each declared alias last judged this version. */
  readonly aliasResults?: Readonly<Record<string, AliasResult>>;
  /** Markdown; absent: the page writes one from what is known. */
  readonly card?: string;
  readonly deletedAt?: number;
}

/** The answer of an alias's gates for a version, kept whether it moved or not. */
export interface AliasResult {
  readonly at: number;
  readonly actor: string;
  readonly passed: boolean;
  readonly gates: readonly GateResult[];
}

/** A version's environment built anew from its lock, and one prediction made in it. */
export interface EnvironmentProof {
  /** `<model>/<version>/<number>` */
  readonly id: string;
  readonly createdAt: number;
  readonly model: string;
  readonly version: number;
  readonly status: 'running' | 'proven' | 'failed';
  readonly endedAt?: number;
  readonly environmentId: string;
  readonly buildMs?: number;
  readonly packages?: number;
  /** Largest absolute difference between this prediction and the one kept with the version, when there is one. */
  readonly maxAbsDiff?: number;
  /** What was done in it: what answered, on which rows. */
  readonly how?: string;
  /** What failed, and the next command. */
  readonly reason?: string;
  readonly log?: string;
}

/** Where events of the registry are sent, as MLflow's clients declare it. The secret never leaves the server. */
export interface Webhook {
  /** A uuid. */
  readonly id: string;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly name: string;
  readonly description?: string;
  readonly url: string;
  readonly events: readonly { readonly entity: string; readonly action: string }[];
  readonly status: 'ACTIVE' | 'DISABLED';
  readonly secret?: string;
}
