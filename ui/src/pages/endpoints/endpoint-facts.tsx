import { addresses } from '../../api/addresses.ts';
import type { Endpoint } from '../../api/types.ts';
import { useText } from '../../i18n/use-text.tsx';
import { Facts } from '../../parts/facts.tsx';
import { Go } from '../../parts/go.tsx';
import { Section } from '../../parts/section.tsx';

function useLimits(endpoint: Endpoint): readonly string[] {
  const { t, f } = useText();
  const { timeoutMs, queue, perClient, replicas, idleMs, memoryMib } = endpoint.limits;
  return [
    t('endpoint.limits.text', {
      timeout: f.duration(timeoutMs),
      queue: f.int(queue),
      replicas: replicas.min === replicas.max ? String(replicas.min) : `${replicas.min}–${replicas.max}`,
      memory: f.int(memoryMib),
    }),
    perClient === undefined
      ? t('endpoint.limits.noclient')
      : t('endpoint.limits.client', { rate: perClient.perSecond, burst: perClient.burst }),
    idleMs > 0 ? t('endpoint.limits.idle', { time: f.duration(idleMs) }) : t('endpoint.limits.noidle'),
  ];
}

/** Where it answers, what it is held to, and what of it is logged. */
export function EndpointFacts({ project, endpoint }: { readonly project: string; readonly endpoint: Endpoint }) {
  const { t, f } = useText();
  const { plane, logging } = endpoint;
  const limits = useLimits(endpoint);
  return (
    <Section title={t('endpoint.facts')}>
      <Facts
        rows={[
          ['REST', <code key="r">{endpoint.restUrl}</code>],
          ['gRPC', <code key="g">{endpoint.grpcAddress}</code>],
          [
            t('endpoint.model'),
            <Go key="m" to={addresses.model(project, endpoint.model)}>
              {endpoint.model}
            </Go>,
          ],
          [
            t('endpoint.plane'),
            plane.up
              ? t('endpoint.plane.up', {
                  pid: String(plane.pid ?? '?'),
                  since: plane.startedAt === undefined ? '?' : f.when(plane.startedAt),
                })
              : t('endpoint.down'),
          ],
          [t('endpoint.limits'), limits.join(' · ')],
          [
            t('endpoint.logging'),
            [
              t('endpoint.logging.text', { sample: logging.sample }),
              ...(logging.redact.length === 0
                ? []
                : [t('endpoint.logging.redact', { names: logging.redact.join(', ') })]),
            ].join(' · '),
          ],
          [t('endpoint.epoch'), String(endpoint.epoch)],
        ]}
      />
    </Section>
  );
}
