import type { TryAnswer } from '../../api/types.ts';

export interface RowAnswer {
  /** The last number of the last output: what a person asks for. */
  readonly score: number | undefined;
  readonly outputs: readonly { readonly name: string; readonly values: readonly unknown[] }[];
}

interface Output {
  readonly name?: string;
  readonly data?: readonly unknown[];
}

/** What each of `n` rows was answered: the outputs of the response cut into rows. */
export function rowAnswers(answer: TryAnswer, n: number): readonly RowAnswer[] {
  const outputs = (answer.response as { outputs?: readonly Output[] } | null)?.outputs ?? [];
  return Array.from({ length: n }, (_, row) => {
    const mine = outputs.map((output) => {
      const data = (output.data ?? []).flat(8);
      const size = Math.max(1, Math.floor(data.length / n));
      return { name: output.name ?? '', values: data.slice(row * size, (row + 1) * size) };
    });
    const last = mine.at(-1)?.values.at(-1);
    return { score: typeof last === 'number' ? last : undefined, outputs: mine };
  });
}

/** The id under which row `index` of an answer stands in the prediction log. */
export const predictionId = (answer: TryAnswer, index: number): string => `${answer.id}/${index}`;
