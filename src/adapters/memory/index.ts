/** Ports in memory, for tests. */
export { createMemoryArtifacts } from './artifacts.ts';
export { createMemoryMetadata } from './metadata.ts';
