/** Objects of a Kubernetes cluster, as far as a plan looks at them. */

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

export interface ClusterObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly [field: string]: unknown;
}

export interface FieldChange {
  /** `spec.template.spec.containers[0].image` */
  readonly path: string;
  readonly from: Json | undefined;
  readonly to: Json | undefined;
}

/** One line of a plan: what would happen to one object. */
export interface ClusterChange {
  readonly sign: '+' | '~' | '-' | '=';
  /** `Deployment/flights` */
  readonly object: string;
  readonly fields: readonly FieldChange[];
}
