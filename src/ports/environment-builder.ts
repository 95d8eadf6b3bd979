/** Locks and builds a Python environment on this machine, and says what machine it is. */
import type { HostFacts, LockedPackage } from '../domain/environments.ts';

export interface BuildRequest {
  readonly python?: string;
  /** Text of requirements.txt, uv.lock or pyproject.toml, and its file name without folders; `beside`: the pyproject.toml of a uv.lock. */
  readonly requirements?: {
    readonly name: string;
    readonly text: string;
    readonly beside?: { readonly name: string; readonly text: string };
  };
}

export interface BuiltEnvironment {
  readonly digest: string;
  readonly python: string;
  readonly interpreter: string;
  readonly installer: 'uv' | 'pip';
  readonly lock: string;
  readonly packages: readonly LockedPackage[];
  readonly host: HostFacts;
  readonly reused: boolean;
}

export interface EnvironmentBuilder {
  /** `progress` gets plain lines. Throws MW-ENV-NO-PYTHON, MW-ENV-BUILD (with the installer's last lines). */
  build(request: BuildRequest, progress: (line: string) => void, signal: AbortSignal): Promise<BuiltEnvironment>;
  host(): Promise<HostFacts>;
}
