/** A release may take calls only after it has answered: probes made from the signature, with outputs that are numbers. */
import { MillwrightError } from '../../domain/errors.ts';
import type { ModelSignature, TensorSpec } from '../../domain/registry.ts';
import { elementCount, emptyData, isDatatype } from '../../domain/tensor-data.ts';
import type { Datatype, Tensor } from '../../domain/tensors.ts';
import type { LoadedModel } from '../../ports/model-runtime.ts';

const ROUNDS = 4;
/** Zero alone would refuse a model that takes a logarithm or divides by an input. */
const FILL = [0, 1, 0.5, 10];

function probe(spec: TensorSpec, datatype: Datatype, rows: number, fill: number): Tensor {
  const shape = spec.shape.map((size, index) => (size === -1 ? (index === 0 ? rows : 1) : size));
  const data = emptyData(datatype, elementCount(shape));
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) data.fill(BigInt(Math.round(fill)));
  else if ('fill' in data && 'buffer' in data) data.fill(fill);
  return { name: spec.name, datatype, shape, data };
}

/** The name of the first output with a value that is not a number. */
export function notFinite(outputs: readonly Tensor[]): string | undefined {
  return outputs.find(({ data }) => {
    if (!(data instanceof Float32Array || data instanceof Float64Array)) return false;
    for (const value of data) if (!Number.isFinite(value)) return true;
    return false;
  })?.name;
}

/** Datatypes of the inputs. Throws MW-MODEL-LOAD for one the protocol cannot carry. */
export function datatypesOf(signature: ModelSignature): readonly Datatype[] {
  return signature.inputs.map((spec) => {
    if (isDatatype(spec.datatype)) return spec.datatype;
    throw new MillwrightError('MW-MODEL-LOAD', `the input "${spec.name}" has the unknown datatype ${spec.datatype}`);
  });
}

/**
 * Runs every probe on every worker a few times. Throws MW-MODEL-OUTPUT when no probe gives only numbers (the model is broken, not
 * the input), or the model's own error when none runs.
 */
export async function warmUp(model: LoadedModel, deadline: () => number): Promise<void> {
  const datatypes = datatypesOf(model.signature);
  let failure: unknown;
  let warm = false;
  for (const fill of FILL) {
    for (const rows of [1, 2]) {
      const inputs = model.signature.inputs.map((spec, index) => probe(spec, datatypes[index] ?? 'FP32', rows, fill));
      try {
        const answers = await Promise.all(
          Array.from({ length: ROUNDS }, () => model.infer(inputs, undefined, deadline())),
        );
        const bad = notFinite(answers.flat());
        if (bad === undefined) warm = true;
        else {
          failure ??= new MillwrightError(
            'MW-MODEL-OUTPUT',
            `the output "${bad}" is not a number for every warm-up input`,
            {
              where: bad,
              next: 'look for divisions by zero and missing imputation in the training code, then run the pipeline again',
            },
          );
        }
      } catch (error) {
        failure ??= error;
      }
    }
  }
  if (!warm) throw failure ?? new MillwrightError('MW-MODEL-OUTPUT', 'the model gave no answer to any warm-up input');
}
