/** Which model a batch is scored with: a file, or what an endpoint of the home serves; and whether the endpoint says the same. */
import { existsSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { readFile } from 'node:fs/promises';
import { MillwrightError } from '../domain/errors.ts';
import { isDatatype } from '../domain/tensor-data.ts';
import type { Tensor } from '../domain/tensors.ts';
import { digestOfFile } from '../platform/file-digest.ts';
import type { PlaneModel } from '../ports/data-plane.ts';
import { readRoutes } from './plane-files.ts';
import type { BatchSample } from './predict-batch.ts';

export interface BatchModel {
  readonly model: PlaneModel;
  /** Where the same release answers calls, if an endpoint was named. */
  readonly endpoint?: string;
}

async function fileModel(path: string): Promise<PlaneModel> {
  const { digest } = await digestOfFile(path);
  return { releaseId: 'file', model: basename(path), version: 1, modelDigest: digest, path: resolve(path) };
}

/** Throws MW-NOT-FOUND naming the endpoints there are, MW-NO-RELEASE. */
export async function batchModel(home: string, named: string | undefined): Promise<BatchModel> {
  if (named !== undefined && /\.onnx$/i.test(named) && existsSync(named)) return { model: await fileModel(named) };
  const routes = await readRoutes(home);
  const known = routes.map((route) => route.endpoint);
  const route = named === undefined && routes.length === 1 ? routes[0] : routes.find((one) => one.endpoint === named);
  if (route === undefined)
    throw new MillwrightError(
      known.length === 0 ? 'MW-NO-RELEASE' : 'MW-NOT-FOUND',
      known.length === 0 ? 'nothing is deployed in this home' : `there is no endpoint "${named ?? ''}" in this home`,
      {
        where: 'endpoint',
        next:
          known.length === 0
            ? 'mw deploy, or name a file: mw predict model.onnx --batch …'
            : `one of: ${known.join(', ')}`,
      },
    );
  const [first] = [...route.weights].sort((a, b) => b.percent - a.percent);
  const model = route.models.find((one) => one.releaseId === first?.releaseId);
  if (model === undefined) throw new MillwrightError('MW-NO-RELEASE', `"${route.endpoint}" serves nothing`);
  return { model, endpoint: route.endpoint };
}

const cellOf = (value: unknown): unknown =>
  typeof value === 'bigint' ? Number(value) : typeof value === 'number' && Number.isNaN(value) ? null : value;

function asJson({ name, datatype, shape, data }: Tensor) {
  const cells = datatype === 'BOOL' ? [...data].map((value) => value !== 0) : [...data].map(cellOf);
  return { name, datatype, shape, data: cells };
}

interface OnlineAnswer {
  readonly outputs?: readonly { readonly name: string; readonly datatype: string; readonly data: readonly unknown[] }[];
  readonly error?: string;
}

/** As the tensor's own storage would hold it: JSON writes a float as the shortest text that reads back as the same float. */
function sameValue(ours: unknown, theirs: unknown, datatype: string): boolean {
  if (typeof ours === 'bigint') return Number(ours) === Number(theirs);
  if (typeof ours !== 'number') return ours === theirs;
  if (datatype === 'BOOL') return (ours !== 0) === theirs;
  if (theirs === null) return Number.isNaN(ours);
  return (datatype === 'FP32' ? Math.fround(Number(theirs)) : Number(theirs)) === ours;
}

export interface Proof {
  readonly rows: number;
  readonly equal: number;
  /** Rows of the files (from 1) that the endpoint answers otherwise. */
  readonly different: readonly number[];
}

/** Asks the endpoint's REST door for the same rows and version. Undefined when it does not answer. */
export async function compareOnline(
  home: string,
  { model, endpoint }: BatchModel,
  samples: readonly BatchSample[],
  token: string | undefined,
): Promise<Proof | undefined> {
  if (endpoint === undefined || samples.length === 0) return undefined;
  const record = await readFile(join(home, 'plane', 'plane.json'), 'utf8').catch(() => undefined);
  if (record === undefined) return undefined;
  const { rest } = JSON.parse(record) as { readonly rest: string };
  const different: number[] = [];
  for (const { row, inputs, outputs } of samples) {
    const response = await fetch(`${rest}/v2/models/${encodeURIComponent(endpoint)}/versions/${model.version}/infer`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
      body: JSON.stringify({ inputs: inputs.map(asJson) }),
      signal: AbortSignal.timeout(30_000),
    }).catch(() => undefined);
    if (response === undefined) return undefined;
    const answer = (await response.json()) as OnlineAnswer;
    if (!response.ok)
      throw new MillwrightError('MW-STATE', `the endpoint refuses row ${row + 1}: ${answer.error ?? response.status}`, {
        where: endpoint,
      });
    const same = outputs.every((output) => {
      const theirs = answer.outputs?.find((one) => one.name === output.name);
      return (
        theirs !== undefined &&
        isDatatype(theirs.datatype) &&
        theirs.data.length === output.data.length &&
        theirs.data.every((value, index) => sameValue(output.data[index], value, output.datatype))
      );
    });
    if (!same) different.push(row + 1);
  }
  return { rows: samples.length, equal: samples.length - different.length, different };
}
