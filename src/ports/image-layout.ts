/** Writes OCI images, without a daemon, into an image layout on this machine. Equal plans give equal digests. */
import type { ImageLayer } from '../domain/deployments.ts';

/** Where the content of a layer comes from. Paths in the image are relative to `/`, without a leading slash. */
export type LayerSource =
  /** passwd, group, os-release, nsswitch.conf, /tmp, and the CA bundle of this machine when it has one. */
  | { readonly kind: 'skeleton' }
  | { readonly kind: 'folder'; readonly path: string; readonly owner: 'root' | 'user' }
  | { readonly kind: 'text'; readonly path: string; readonly text: string }
  | { readonly kind: 'artifact'; readonly path: string; readonly digest: string }
  /** Files of this machine, laid out below `path`. */
  | { readonly kind: 'tree'; readonly path: string; readonly files: FileSet }
  /** The Node binary that runs Millwright. */
  | { readonly kind: 'node'; readonly path: string }
  /** The shared libraries that Node and the native modules among these files need, with a list of them at `list`. */
  | { readonly kind: 'libraries'; readonly list: string; readonly files: FileSet };

/** Files and folders below `root`, and installed npm packages with all that they depend on, for the image's platform. */
export interface FileSet {
  readonly root: string;
  readonly own: readonly string[];
  readonly packages: readonly string[];
}

export interface LayerPlan {
  readonly role: ImageLayer['role'];
  /** Plain for what does not compress (weights), so that no packer's gzip decides the digest. */
  readonly compression: 'none' | 'gzip';
  readonly sources: readonly LayerSource[];
}

export interface ImagePlan {
  readonly project: string;
  readonly model: string;
  readonly version: number;
  /** `<model>:<version>`, the name in the layout's index. */
  readonly reference: string;
  /** ISO time; of the model version, not of the build, so that equal inputs stay equal. */
  readonly created: string;
  readonly layers: readonly LayerPlan[];
  /** Path of an OCI image layout to build upon. */
  readonly base?: string;
  readonly config: {
    readonly env: readonly string[];
    readonly entrypoint: readonly string[];
    readonly cmd: readonly string[];
    readonly workingDir: string;
    readonly ports: readonly number[];
    readonly labels: Readonly<Record<string, string>>;
  };
}

export interface WrittenImage {
  /** Manifest digest. */
  readonly digest: string;
  readonly configDigest: string;
  readonly layers: readonly ImageLayer[];
  /** Of all blobs: what a push would send at most. */
  readonly bytes: number;
}

export interface ImageLayoutCaps {
  readonly os: 'linux';
  /** OCI's name of the architecture, e.g. `amd64`. */
  readonly architecture: string;
  /** This machine has the Linux binaries that make the image run by itself. */
  readonly runnable: boolean;
}

export interface ImageLayout {
  readonly caps: ImageLayoutCaps;
  /** Durable when it resolves. Layers that were written before are not built again. Throws MW-NOT-FOUND for a missing artifact. */
  write(plan: ImagePlan): Promise<WrittenImage>;
  /**
   * Removes images by manifest digest, with the blobs that neither the index nor one of `kept` has; bytes freed. Unknown ones are no
   * error.
   */
  remove(digests: readonly string[], kept: readonly string[]): Promise<number>;
  /** References in the index, sorted. */
  list(): Promise<readonly { readonly reference: string; readonly digest: string }[]>;
}
