/** Sends one request through the public door of the data plane, as any client would. */
import { MillwrightError } from '../domain/errors.ts';
import type { ModelSignature } from '../domain/registry.ts';

export type Cell = string | number | boolean | null;

/** Rows by column name → the V2 request of a signature. Throws MW-TENSOR for a column that a row lacks. */
export function inferRequest(
  signature: ModelSignature,
  rows: readonly Readonly<Record<string, Cell>>[],
): { readonly inputs: readonly object[] } {
  const unknown = Object.keys(rows[0] ?? {}).find((name) => !signature.inputs.some((input) => input.name === name));
  if (unknown !== undefined) {
    throw new MillwrightError('MW-TENSOR', `the model has no input "${unknown}"`, {
      where: unknown,
      next: `inputs: ${signature.inputs.map((one) => one.name).join(', ')}`,
    });
  }
  return {
    inputs: signature.inputs.map((input) => ({
      name: input.name,
      datatype: input.datatype,
      shape: input.shape.length > 1 ? [rows.length, 1] : [rows.length],
      data: rows.map((row, index) => {
        const cell = row[input.name];
        if (cell === undefined)
          throw new MillwrightError('MW-TENSOR', `row ${index} lacks "${input.name}"`, {
            where: `rows[${index}].${input.name}`,
          });
        return cell;
      }),
    })),
  };
}

export interface PlaneAnswer {
  readonly id: string;
  readonly version: number;
  readonly latencyMs: number;
  readonly request: unknown;
  readonly response: unknown;
}

/** `rest`: base address such as `http://127.0.0.1:8080`. Errors of the plane come back as MW-TENSOR (4xx) or MW-UNAVAILABLE. */
export async function inferOnce(rest: string, endpoint: string, request: object, token?: string): Promise<PlaneAnswer> {
  const started = performance.now();
  let response: Response;
  try {
    response = await fetch(`${rest}/v2/models/${encodeURIComponent(endpoint)}/infer`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
      body: JSON.stringify(request),
      signal: AbortSignal.timeout(30_000),
    });
  } catch (cause) {
    throw new MillwrightError('MW-UNAVAILABLE', 'the data plane does not answer', { cause, next: 'mw status' });
  }
  const body = (await response.json()) as {
    readonly id?: string;
    readonly model_version?: string;
    readonly error?: string;
  };
  if (response.status === 401)
    // Our own token: the caller could do nothing about it.
    throw new MillwrightError('MW-UNAVAILABLE', 'the data plane does not know the token of this server', {
      next: 'start the server again: it hands its token over',
    });
  if (!response.ok)
    throw new MillwrightError(
      response.status < 500 ? 'MW-TENSOR' : 'MW-UNAVAILABLE',
      body.error ?? `the data plane answered ${response.status}`,
    );
  return {
    id: body.id ?? '',
    version: Number(body.model_version ?? 0),
    latencyMs: Math.round((performance.now() - started) * 100) / 100,
    request,
    response: body,
  };
}
