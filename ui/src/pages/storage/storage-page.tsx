import { useQuery } from '@tanstack/react-query';
import { queries } from '../../api/queries.ts';
import { useText } from '../../i18n/use-text.tsx';
import { Facts } from '../../parts/facts.tsx';
import { PageHead } from '../../parts/page-head.tsx';
import { Section } from '../../parts/section.tsx';
import { Page } from '../page.tsx';
import { Collector } from './collector.tsx';
import { Trash } from './trash.tsx';
import '../../design/records.css';

/** What artifacts take against what they would take if each path had its own copy. */
function Shares({ kept, named }: { readonly kept: number; readonly named: number }) {
  const { t, f } = useText();
  const most = Math.max(kept, named, 1);
  const bar = (bytes: number, className: string, label: string) => (
    <div className="sharerow">
      <span className="meta">{label}</span>
      <svg width="100%" height="12" viewBox="0 0 100 12" preserveAspectRatio="none" aria-hidden="true">
        <rect className={className} x="0" y="0" width={(bytes / most) * 100} height="12" />
      </svg>
      <b className="num">{f.bytes(bytes)}</b>
    </div>
  );
  return (
    <div className="shares" role="img" aria-label={t('storage.shares', { kept: f.bytes(kept), named: f.bytes(named) })}>
      {bar(named, 'ref', t('storage.named'))}
      {bar(kept, 'ink', t('storage.kept'))}
    </div>
  );
}

export function StoragePage() {
  const { t, f } = useText();
  const query = useQuery(queries.storage());
  return (
    <Page query={query} title={t('nav.storage')}>
      {({ blobs, blobBytes, namedBytes, namedBlobBytes, artifacts }) => {
        const saved = namedBytes - namedBlobBytes;
        return (
          <>
            <PageHead
              title={t('nav.storage')}
              answer={
                artifacts === 0 && blobs === 0
                  ? t('storage.empty')
                  : saved === 0
                    ? t('storage.answer.none', { bytes: f.bytes(blobBytes) })
                    : t('storage.answer', {
                        bytes: f.bytes(blobBytes),
                        saved: f.bytes(saved),
                        share: f.pct(saved / namedBytes),
                      })
              }
            />
            <div className="cols half">
              {saved > 0 ? (
                <Section first title={t('storage.title')} sub={t('storage.sub')}>
                  <Shares kept={namedBlobBytes} named={namedBytes} />
                </Section>
              ) : null}
              <Section first title={t('storage.counts')} sub={saved > 0 ? undefined : t('storage.sub')}>
                <Facts
                  rows={[
                    [t('storage.files'), t('storage.amount', { n: artifacts, bytes: f.bytes(namedBytes) })],
                    [t('storage.blobs'), t('storage.amount', { n: blobs, bytes: f.bytes(blobBytes) })],
                  ]}
                />
              </Section>
            </div>
            <Trash />
            <Collector />
          </>
        );
      }}
    </Page>
  );
}
