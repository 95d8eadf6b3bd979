import { artifactContract } from '../../testing/artifacts.contract.ts';
import { metadataContract } from '../../testing/metadata.contract.ts';
import { createMemoryArtifacts, createMemoryMetadata } from './index.ts';

metadataContract('memory', async () => ({ store: createMemoryMetadata(), dispose: async () => undefined }));
artifactContract('memory', async () => ({ store: createMemoryArtifacts(), dispose: async () => undefined }));
