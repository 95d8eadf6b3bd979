/** The tag in which clients before 3.0 keep what they logged as a model: a JSON list, one entry a model. */
import { MillwrightError } from '../../domain/errors.ts';

export const HISTORY_TAG = 'mlflow.log-model.history';

const MANDATORY = ['run_id', 'flavors', 'utc_time_created', 'artifact_path'];

function read(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The tag's new value: the old list and one model more. Throws MW-INVALID when `modelJson` describes no model. */
export function withModel(before: string | undefined, modelJson: string): string {
  const model = read(modelJson);
  if (model === undefined) {
    throw new MillwrightError(
      'MW-INVALID',
      `Malformed model info. \n ${modelJson.slice(0, 1000)} \n is not a valid JSON.`,
      {
        where: 'model_json',
      },
    );
  }
  const has = typeof model === 'object' && model !== null ? Object.keys(model) : [];
  const missing = MANDATORY.filter((field) => !has.includes(field));
  if (missing.length > 0) {
    const named = missing.map((field) => `'${field}'`).join(', ');
    throw new MillwrightError('MW-INVALID', `Model json is missing mandatory fields: {${named}}`, {
      where: 'model_json',
    });
  }
  const list = before === undefined ? [] : read(before);
  return JSON.stringify([...(Array.isArray(list) ? (list as readonly unknown[]) : []), model]);
}
