/** The files that routes name, by the name under which a follower asks for them. Nothing else can be asked for. */
import type { PlaneModel, PlaneRoute } from '../../ports/data-plane.ts';

/** The end of the path is chosen by whoever laid the file out: the digest of the golden rows. */
const lastPart = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

/** `model-<hex>` for the model's file, `golden-<last part>` for its golden rows. */
function filesOf(model: PlaneModel): readonly (readonly [name: string, path: string])[] {
  const kind = model.runtime?.kind ?? 'onnx';
  return [
    ...(kind === 'onnx' ? [[`model-${model.modelDigest.slice('sha256:'.length)}`, model.path] as const] : []),
    ...(model.golden === undefined ? [] : [[`golden-${lastPart(model.golden)}`, model.golden] as const]),
  ];
}

export function bookFiles(routes: readonly PlaneRoute[]): ReadonlyMap<string, string> {
  return new Map(routes.flatMap((route) => route.models.flatMap(filesOf)));
}
