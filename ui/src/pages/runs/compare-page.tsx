import { useQueries } from '@tanstack/react-query';
import { queries } from '../../api/queries.ts';
import { useText } from '../../i18n/use-text.tsx';
import { PageHead } from '../../parts/page-head.tsx';
import { Empty } from '../../parts/states.tsx';
import { Compare } from './compare.tsx';

/** Compare as a page of its own: its address can be sent. */
export function ComparePage({ project, ids }: { readonly project: string; readonly ids: readonly string[] }) {
  const { t } = useText();
  const runs = useQueries({ queries: ids.map((id) => queries.run(id)) })
    .map((one) => one.data?.run)
    .filter((one) => one !== undefined);
  const differing = (key: 'params' | 'metrics'): number =>
    [...new Set(runs.flatMap((run) => Object.keys(run[key])))].filter(
      (name) => new Set(runs.map((run) => run[key][name])).size > 1,
    ).length;
  if (ids.length < 2) {
    return (
      <>
        <PageHead title={t('runs.compare')} answer={t('compare.few')} />
        <Empty title={t('runs.compare')} text={t('compare.few.text')} />
      </>
    );
  }
  return (
    <>
      <PageHead
        title={t('runs.compare')}
        answer={t('compare.answer', {
          n: ids.length,
          params: t('compare.params', { n: differing('params') }),
          metrics: t('compare.metrics', { n: differing('metrics') }),
        })}
      />
      <Compare project={project} ids={ids} />
    </>
  );
}
