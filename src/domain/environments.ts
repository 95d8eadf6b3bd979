/** Environment: what a step ran in. Host: the machine it ran on. */

export interface HostFacts {
  readonly os: string;
  readonly kernel: string;
  readonly arch: string;
  /** e.g. `glibc 2.36` or `musl 1.2.4`; undefined where it could not be read. */
  readonly libc?: string;
  readonly cpu: string;
  readonly cpuFlags: readonly string[];
  readonly cores: number;
  readonly memoryBytes: number;
  readonly gpus: readonly { readonly name: string; readonly driver: string; readonly memoryMiB: number }[];
}

export interface LockedPackage {
  readonly name: string;
  readonly version: string;
  /** `sha256:<hex>` of the distributions that may be installed. Empty when the locker could not tell. */
  readonly hashes: readonly string[];
}

export interface CodeState {
  /** Digest of the snapshot: sha256 over sorted (path, digest). */
  readonly digest: string;
  readonly files: readonly { readonly path: string; readonly digest: string; readonly bytes: number }[];
  readonly commit?: string;
  readonly branch?: string;
  /** True when the working tree differs from the commit; `diffDigest` is the artifact with the diff. */
  readonly dirty: boolean;
  readonly diffDigest?: string;
}

export interface Environment {
  /** `env-<first 16 of digest>` */
  readonly id: string;
  readonly createdAt: number;
  /** sha256 of what determines it: Python version, platform and the lock text. */
  readonly digest: string;
  readonly python: string;
  /** The resolved interpreter inside the built environment (never a shim), absolute. */
  readonly interpreter: string;
  readonly installer: 'uv' | 'pip';
  readonly lock: string;
  readonly packages: readonly LockedPackage[];
  readonly host: HostFacts;
  readonly buildMs: number;
}
