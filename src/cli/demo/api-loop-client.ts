/** The demo's questions over the server's REST API. */
import { CodedError } from '../../platform/coded-error.ts';
import type { components } from '../client/schema.d.ts';
import { errorTextOf } from './error-text.ts';
import type { LoopClient } from './loop-client.ts';

type Schemas = components['schemas'];

const TIMEOUT_MS = 15_000;
const part = encodeURIComponent;

class StatusError extends CodedError {
  readonly status: number;
  constructor(status: number, code: string, message: string, next: string | undefined) {
    super(code, message, next === undefined ? {} : { next });
    this.status = status;
  }
}

/** `base`: URL of the control plane. Throws MW-UNAVAILABLE when nobody answers, else the code of the server's answer. */
export function apiLoopClient(base: string, headers: Readonly<Record<string, string>> = {}): LoopClient {
  async function call<T>(path: string, body?: object): Promise<T> {
    let response: Response;
    try {
      response = await fetch(new URL(`/api/v1${path}`, base), {
        signal: AbortSignal.timeout(TIMEOUT_MS),
        headers: { ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
        ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
      });
    } catch (error) {
      throw new CodedError('MW-UNAVAILABLE', `the server did not answer: ${errorTextOf(error)}`, {
        where: base,
        cause: error,
      });
    }
    if (response.ok) return (await response.json()) as T;
    const text = await response.text();
    let problem: Partial<Schemas['Problem']> = {};
    try {
      problem = (JSON.parse(text) as Schemas['ErrorResponse']).error;
    } catch {
      problem = { message: text.slice(0, 300) };
    }
    throw new StatusError(
      response.status,
      problem.code ?? 'MW-INTERNAL',
      `${path}: ${problem.message ?? 'no message'}`,
      problem.next,
    );
  }

  return {
    startPipeline: async (project, set) =>
      (await call<Schemas['StartedPipeline']>(`/projects/${part(project)}/pipeline-runs`, { set })).pipelineRun,
    pipelineRun: (id) => call<Schemas['PipelineRunDetail']>(`/pipeline-runs/${part(id)}`),
    pipelineRuns: async (project, limit) =>
      (await call<Schemas['PipelineRuns']>(`/pipeline-runs?project=${part(project)}&limit=${limit}`)).pipelineRuns,
    stepLog: (runId, step, offset) =>
      call<Schemas['StepLog']>(`/pipeline-runs/${part(runId)}/steps/${part(step)}/log?offset=${offset}`),
    endpoint: async (name) => {
      try {
        return (await call<Schemas['EndpointDetail']>(`/endpoints/${part(name)}`)).endpoint;
      } catch (error) {
        if (error instanceof StatusError && error.status === 404) return undefined;
        throw error;
      }
    },
    evaluations: async (project, monitor, limit) =>
      (await call<Schemas['MonitorDetail']>(`/projects/${part(project)}/monitors/${part(monitor)}?limit=${limit}`))
        .evaluations,
    alerts: async (project, limit) =>
      (await call<Schemas['Alerts']>(`/alerts?project=${part(project)}&limit=${limit}`)).alerts,
    events: async (project, types, limit) =>
      (await call<Schemas['Events']>(`/events?project=${part(project)}&types=${part(types.join(','))}&limit=${limit}`))
        .events,
    versions: async (model, limit) =>
      (await call<Schemas['ModelDetail']>(`/models/${part(model)}?limit=${limit}`)).versions,
    version: (model, version) => call<Schemas['ModelVersionDetail']>(`/models/${part(model)}/versions/${version}`),
    sendOutcomes: async (endpoint, outcomes) => {
      const body = outcomes.map(({ predictionId, ...outcome }) => ({ prediction_id: predictionId, ...outcome }));
      await call<Schemas['OutcomesAccepted']>(`/endpoints/${part(endpoint)}/outcomes`, { outcomes: body });
    },
  };
}
