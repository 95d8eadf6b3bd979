import { useQueries, useQuery } from '@tanstack/react-query';
import { queries } from '../../api/queries.ts';
import { runQueries } from '../../api/run-queries.ts';
import { useText } from '../../i18n/use-text.tsx';
import { Section } from '../../parts/section.tsx';

const MOST_FOLDERS = 5;
const FILES = ['requirements.txt', 'python_env.yaml', 'conda.yaml'];

/** What the run's model says it needs: the files that MLflow writes beside a model. Nothing is shown when there is none. */
export function RunEnvironment({ id }: { readonly id: string }) {
  const { t } = useText();
  const root = useQuery(queries.artifacts(id, '')).data?.artifacts ?? [];
  const folders = useQueries({
    queries: root
      .filter((one) => one.isDir)
      .slice(0, MOST_FOLDERS)
      .map((one) => queries.artifacts(id, one.path)),
  });
  const known = [...root, ...folders.flatMap((one) => one.data?.artifacts ?? [])].map((one) => one.path);
  const paths = FILES.map((name) => known.find((path) => path === name || path.endsWith(`/${name}`))).filter(
    (path) => path !== undefined,
  );
  const previews = useQueries({ queries: paths.map((path) => runQueries.preview(id, path)) });
  const texts = previews.flatMap((one, i) =>
    one.data?.preview.kind === 'text' ? [{ path: paths[i] ?? '', text: one.data.preview.text }] : [],
  );
  if (texts.length === 0) return null;
  return (
    <Section title={t('run.environment')}>
      {texts.map(({ path, text }, i) => (
        <details key={path} open={i === 0}>
          <summary className="mono meta">{path}</summary>
          <pre className="code">{text.trim()}</pre>
        </details>
      ))}
    </Section>
  );
}
