/**
 * What a cloud's model container is told by its environment. Vertex AI (custom containers: AIP_*) names port and routes; SageMaker
 * fixes the routes and may bind another port. https://cloud.google.com/vertex-ai/docs/predictions/custom-container-requirements,
 * https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-inference-code.html
 */
import { MillwrightError } from '../../domain/errors.ts';

export interface ContainerContract {
  readonly cloud: 'vertex' | 'sagemaker';
  /** Clouds call from outside the container: every address, no list of host names. */
  readonly host: '0.0.0.0';
  readonly port: number;
  /** Path of POST with {"instances": […], "parameters": {…}}. */
  readonly predictRoute?: string;
  readonly healthRoute?: string;
  readonly deployedModelId?: string;
}

function port(text: string, name: string): number {
  const value = Number(text);
  if (/^\d{1,5}$/.test(text) && value >= 1 && value <= 65_535) return value;
  throw new MillwrightError('MW-USAGE', `${name} is not a port`, {
    where: name,
    next: 'give a number from 1 to 65535',
  });
}

function route(text: string, name: string): string {
  if (/^\/[\w.:/@-]{1,500}$/.test(text)) return text;
  throw new MillwrightError('MW-USAGE', `${name} is not a path`, { where: name, next: 'for example /predict' });
}

/** Undefined outside of such a container. Throws MW-USAGE naming the variable. */
export function containerContract(env: Readonly<Record<string, string | undefined>>): ContainerContract | undefined {
  const { AIP_HTTP_PORT: vertexPort, AIP_PREDICT_ROUTE: predict, AIP_HEALTH_ROUTE: health } = env;
  if (vertexPort !== undefined || predict !== undefined || health !== undefined) {
    const id = env['AIP_DEPLOYED_MODEL_ID'];
    return {
      cloud: 'vertex',
      host: '0.0.0.0',
      port: port(vertexPort ?? '8080', 'AIP_HTTP_PORT'),
      ...(predict === undefined ? {} : { predictRoute: route(predict, 'AIP_PREDICT_ROUTE') }),
      ...(health === undefined ? {} : { healthRoute: route(health, 'AIP_HEALTH_ROUTE') }),
      ...(id === undefined || id === '' ? {} : { deployedModelId: id }),
    };
  }
  const bound = env['SAGEMAKER_BIND_TO_PORT'];
  if (bound === undefined && env['SAGEMAKER_MULTI_MODEL'] === undefined) return undefined;
  return { cloud: 'sagemaker', host: '0.0.0.0', port: port(bound ?? '8080', 'SAGEMAKER_BIND_TO_PORT') };
}
