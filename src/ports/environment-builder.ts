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
  /** Removes a built environment by its interpreter; bytes freed. One that is not ours, or is being built, stays: 0. */
  remove(interpreter: string): Promise<number>;
  host(): Promise<HostFacts>;
}

/** An environment built from a lock alone, in a folder of its own. */
export interface FreshEnvironment {
  /** Absolute; files for a program are laid here. */
  readonly folder: string;
  /** Runs a Python program of ours in the environment, in its folder, without the secrets of this server. Resolves also when it fails. */
  run(
    program: string,
    args: readonly string[],
    limits: { readonly timeoutMs: number; readonly signal: AbortSignal },
  ): Promise<{ readonly exitCode: number | undefined; readonly stdout: string; readonly lines: readonly string[] }>;
  write(name: string, text: string): Promise<void>;
  /** The folder is gone afterwards. */
  remove(): Promise<void>;
}

export interface EnvironmentRebuilder {
  /**
   * Installs exactly the lock, each file checked against its hashes, and takes no built environment of this machine. `python`: the
   * whole version, e.g. 3.11.7. Throws MW-ENV-NO-PYTHON, MW-ENV-BUILD; then nothing is left.
   */
  rebuild(
    lock: { readonly python: string; readonly lock: string },
    progress: (line: string) => void,
    signal: AbortSignal,
  ): Promise<FreshEnvironment>;
  /** Removes what a server that was killed left of rebuilt environments. */
  sweep(): Promise<void>;
}
