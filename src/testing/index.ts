/** The contract suites of the ports, published as millwright/testing. Plug-in authors run them on their own adapters. */
export { analyticsContract } from './analytics.contract.ts';
export type { AnalyticsUnderTest, LoggedPrediction } from './analytics-under-test.ts';
export { artifactContract } from './artifacts.contract.ts';
export type { ArtifactSubject } from './artifacts.contract.ts';
export type { OpenElsewhere } from './child-process.ts';
export { executorContract } from './executor.contract.ts';
export type { ExecutorBench } from './executor.contract.ts';
export { metadataContract } from './metadata.contract.ts';
export type { MetadataSubject } from './metadata.contract.ts';
export { trackingContract } from './tracking.contract.ts';
export type { OpenTracking } from './tracking.contract.ts';
