/** The data plane as a process beside the control plane. */
export { createDataPlaneProcess } from './data-plane-process.ts';
export type { DataPlaneProcess, DataPlaneProcessOptions } from './data-plane-process.ts';
export { askGateway } from './control-client.ts';
export { isThatProcess, readRecord } from './gateway-process.ts';
