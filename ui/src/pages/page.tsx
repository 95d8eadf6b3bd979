import type { UseQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { useText } from '../i18n/use-text.tsx';
import { PageHead } from '../parts/page-head.tsx';
import { Loaded } from '../parts/states.tsx';

/** A page whose first answer needs one read: until then its title stands as the heading. */
export function Page<T>({
  query,
  title,
  children,
}: {
  readonly query: UseQueryResult<T>;
  readonly title: string;
  readonly children: (data: T) => ReactNode;
}) {
  const { t } = useText();
  if (query.data !== undefined) return <>{children(query.data)}</>;
  return (
    <>
      <PageHead
        title={title}
        answer={query.isError ? title : <span className="dim">{t('waiting.reads', { what: title })}</span>}
      />
      <section className="sec first" aria-label={title}>
        <Loaded query={query} what={title} rows={6}>
          {() => null}
        </Loaded>
      </section>
    </>
  );
}
