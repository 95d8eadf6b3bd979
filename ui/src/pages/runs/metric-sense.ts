/** Whether more or less of a metric is better, by its name; undefined when the name does not say. */
export function betterIs(metric: string): 'more' | 'less' | undefined {
  const name = metric.toLowerCase();
  if (/loss|err|mae|mse|rmse|brier|latency|_ms$|time|diff|perplexity|ece/.test(name)) return 'less';
  if (/acc|auc|f1|r2|precision|recall|score|ndcg|map|hit/.test(name)) return 'more';
  return undefined;
}

/** Index of the best value; −1 when the name says nothing or fewer than two are numbers. */
export function bestOf(metric: string, values: readonly (number | string | undefined)[]): number {
  const sense = betterIs(metric);
  const numbers = values.map((value) => (typeof value === 'number' && Number.isFinite(value) ? value : undefined));
  const known = numbers.filter((value) => value !== undefined);
  if (sense === undefined || known.length < 2 || new Set(known).size < 2) return -1;
  return numbers.indexOf(sense === 'more' ? Math.max(...known) : Math.min(...known));
}
