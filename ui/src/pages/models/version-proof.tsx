import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { commands } from '../../api/commands.ts';
import { queries } from '../../api/queries.ts';
import type { ModelVersionDetail } from '../../api/types.ts';
import { useText } from '../../i18n/use-text.tsx';
import { useKeys } from '../../keys/use-keys.ts';
import { Section } from '../../parts/section.tsx';
import { Status } from '../../parts/status.tsx';
import { useToast } from '../../parts/toasts.tsx';

type Proof = ModelVersionDetail['proofs'][number];

function ProofLine({ proof }: { readonly proof: Proof }) {
  const { t, f } = useText();
  const kind = proof.status === 'proven' ? 'passed' : proof.status === 'failed' ? 'failed' : 'running';
  return (
    <li>
      <Status kind={kind} word={t(`proof.${proof.status}`)} />{' '}
      <span className="meta" title={f.full(proof.createdAt)}>
        {f.when(proof.endedAt ?? proof.createdAt)}
        {proof.packages === undefined ? '' : ` · ${t('proof.packages', { n: proof.packages })}`}
        {proof.buildMs === undefined ? '' : ` · ${t('proof.took', { time: f.duration(proof.buildMs) })}`}
        {proof.maxAbsDiff === undefined ? '' : ` · ${t('proof.diff', { diff: f.num(proof.maxAbsDiff) })}`}
      </span>
      {proof.how === undefined ? null : <p className="meta wrapany">{proof.how}</p>}
      {proof.reason === undefined ? null : <p className="mut wrapany">{proof.reason}</p>}
      {proof.log === undefined || proof.log === '' ? null : (
        <details>
          <summary className="meta">{t('proof.log')}</summary>
          <div className="code prooflog" role="region" aria-label={t('proof.log')} tabIndex={0}>
            <pre>{proof.log}</pre>
          </div>
        </details>
      )}
    </li>
  );
}

/** Does it still run as it did: the environment built anew from its lock, and one prediction made in it. */
export function VersionProof({ detail }: { readonly detail: ModelVersionDetail }) {
  const { t } = useText();
  const toast = useToast();
  const client = useQueryClient();
  const { model, number } = detail.version;
  const viewer = useQuery(queries.server()).data?.who.role === 'viewer';
  const newest = detail.proofs.toSorted((a, b) => b.createdAt - a.createdAt);
  const running = newest[0]?.status === 'running';
  const prove = useMutation({
    mutationFn: () => commands.proveEnvironment(model, number),
    onError: (error) => toast({ text: error.message, failed: true }),
    onSettled: () => void client.invalidateQueries({ queryKey: ['models', model, number] }),
  });
  const blocked = viewer
    ? t('alias.viewer')
    : detail.environment === undefined
      ? t('proof.noenvironment')
      : running
        ? t('proof.running')
        : undefined;
  useKeys(blocked === undefined ? [{ keys: 'r', label: t('proof.do'), run: () => prove.mutate() }] : []);
  return (
    <Section
      title={t('proof.title')}
      sub={t('proof.sub')}
      right={
        <button
          type="button"
          className="btn sm"
          disabled={blocked !== undefined || prove.isPending}
          title={blocked}
          onClick={() => prove.mutate()}
        >
          {t('proof.do')} <kbd>R</kbd>
        </button>
      }
    >
      {newest.length === 0 ? (
        <p className="mut">
          <Status kind="unknown" word={t('proof.never')} />
        </p>
      ) : (
        <ol className="proofs">
          {newest.slice(0, 4).map((proof) => (
            <ProofLine key={proof.id} proof={proof} />
          ))}
        </ol>
      )}
    </Section>
  );
}
