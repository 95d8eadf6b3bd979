/** One table through the model: what MLflow's scoring, V1 and the container contracts have in common. */
import { MillwrightError } from '../../domain/errors.ts';
import type { InferAnswer, Serving } from '../../modules/serving/index.ts';
import { callOptions, errorText } from '../oip/call-options.ts';
import type { HttpAnswer, HttpCall } from '../oip/http-server.ts';
import { isObject } from '../oip/json-body.ts';
import { predictionHeaders } from '../oip/infer-answer.ts';
import { enforce } from './enforce.ts';
import { ignoredHeader, paramsOf } from './params.ts';
import type { Table } from './table.ts';

export interface Target {
  readonly endpoint: string;
  readonly version?: number;
}

export interface Scored {
  readonly answer: InferAnswer;
  readonly headers: Record<string, string>;
}

const CLIENT_ID = /^[\w.:-]{1,200}$/;

/** SageMaker's name of one inference, for its data capture; one that we could not log is not taken. */
function inferenceId(call: HttpCall): string | undefined {
  const id = call.headers['x-amzn-sagemaker-inference-id'];
  return typeof id === 'string' && CLIENT_ID.test(id) ? id : undefined;
}

/** Throws MW-TENSOR and MW-INVALID naming the column or the parameter, and what `Serving.infer` throws. */
export async function score(
  serving: Serving,
  call: HttpCall,
  target: Target,
  table: Table,
  params: unknown,
): Promise<Scored> {
  const id = inferenceId(call);
  let ignored: readonly string[] = [];
  const answer = await serving.infer({
    ...target,
    ...(id === undefined ? {} : { id }),
    ...callOptions(isObject(params) ? params : undefined),
    ...(params === undefined
      ? {}
      : {
          params: (signature) => {
            const checked = paramsOf(params, signature);
            ignored = checked.ignored;
            return checked.values;
          },
        }),
    inputs: (signature) => enforce(table, signature),
    client: call.client(),
    signal: call.signal(),
  });
  return { answer, headers: { ...predictionHeaders(answer), ...ignoredHeader(ignored) } };
}

/** The endpoint meant where the address names none. Throws MW-NO-RELEASE, or MW-NOT-FOUND when there are several. */
export function onlyEndpoint(serving: Serving, instead: string): string {
  const names = serving.endpoints().map((entry) => entry.endpoint);
  if (names.length === 1 && names[0] !== undefined) return names[0];
  if (names.length === 0)
    throw new MillwrightError('MW-NO-RELEASE', 'nothing is deployed', {
      next: 'deploy a model with: mw deploy <model>',
    });
  throw new MillwrightError('MW-NOT-FOUND', 'there are several endpoints', {
    next: `use ${instead} with one of ${names.slice(0, 50).join(', ')}`,
  });
}

/** An error as MLflow's clients read it: `error_code` and `message`; 415 and 504 are plain text. */
export function scoringError(error: unknown): HttpAnswer {
  const { status, text } = errorText(error);
  if (status === 415 || status === 504) return { status, type: 'text/plain; charset=utf-8', body: text };
  const kind = error instanceof MillwrightError ? error.kind.mlflow : 'INTERNAL_ERROR';
  return { status, body: JSON.stringify({ error_code: kind, message: text }) };
}
