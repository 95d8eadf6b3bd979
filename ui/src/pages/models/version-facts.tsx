import type { ReactNode } from 'react';
import { addresses } from '../../api/addresses.ts';
import type { ModelVersionDetail } from '../../api/types.ts';
import { useText } from '../../i18n/use-text.tsx';
import { Facts } from '../../parts/facts.tsx';
import { Go } from '../../parts/go.tsx';
import { Section } from '../../parts/section.tsx';

interface Props {
  readonly project: string;
  readonly detail: ModelVersionDetail;
}

type Tensor = NonNullable<ModelVersionDetail['signature']>['inputs'][number];

const short = (digest: string): string => `${digest.replace(/^sha256:/, '').slice(0, 8)}…`;

function Chapter({
  title,
  name,
  children,
}: {
  readonly title: string;
  readonly name: ReactNode;
  readonly children: ReactNode;
}) {
  return (
    <li>
      <div className="micro">{title}</div>
      <div className="k">{name}</div>
      <div>{children}</div>
    </li>
  );
}

/** Code, data, environment, training, image: the chain that the version can be made again from. */
export function Lineage({ project, detail }: Props) {
  const { t, f } = useText();
  const { code, datasets, environment, image } = detail;
  const params = Object.entries(detail.params)
    .slice(0, 4)
    .map(([name, value]) => `${name} ${String(value)}`);
  return (
    <ol className="chap" aria-label={t('version.lineage')}>
      <Chapter title={t('version.code')} name={code === undefined ? t('unknown') : short(code.digest)}>
        {code === undefined ? '' : (code.commit?.slice(0, 8) ?? t('version.nocommit'))}
      </Chapter>
      {(datasets.length === 0 ? [undefined] : datasets).slice(0, 2).map((one) => (
        <Chapter
          key={one?.id ?? 'none'}
          title={t('version.data')}
          name={
            one === undefined ? (
              t('unknown')
            ) : (
              <Go to={addresses.dataset(one.id)}>{`${one.name} …${one.digest.slice(-4)}`}</Go>
            )
          }
        >
          {one === undefined
            ? ''
            : `${t('version.rows', { n: one.rows })}, ${t('version.columns', { n: one.columns, bytes: f.bytes(one.bytes) })}`}
        </Chapter>
      ))}
      <Chapter
        title={t('version.environment')}
        name={environment === undefined ? t('unknown') : environment.id.slice(0, 12)}
      >
        {environment === undefined
          ? ''
          : `Python ${environment.python}, ${t('version.packages', { n: environment.packages.length, installer: environment.installer })}`}
      </Chapter>
      <Chapter
        title={t('version.training')}
        name={
          detail.runId === undefined ? (
            t('unknown')
          ) : (
            <Go to={addresses.run(project, detail.runId)}>{detail.runId.slice(0, 8)}</Go>
          )
        }
      >
        {params.join(', ')}
      </Chapter>
      <Chapter title={t('version.image')} name={image === undefined ? t('version.noimage') : short(image.digest)}>
        {image === undefined
          ? ''
          : t('version.built', { bytes: f.bytes(image.bytes), time: f.duration(image.buildMs) })}
      </Chapter>
    </ol>
  );
}

export function Signature({ detail }: Pick<Props, 'detail'>) {
  const { t } = useText();
  const { signature } = detail;
  const list = (all: readonly Tensor[]): ReactNode =>
    all.map((one) => (
      <div key={one.name}>
        <code>{one.name}</code>{' '}
        <span className="dim">
          {one.datatype} [{one.shape.map((n) => (n < 0 ? '·' : n)).join(', ')}]
        </span>
      </div>
    ));
  const some = (all: readonly Tensor[]): ReactNode => {
    const texts = all.filter((one) => one.datatype === 'BYTES').length;
    if (all.length === 0) return t('unknown');
    if (all.length <= 4) return list(all);
    return (
      <details>
        <summary>{t('version.columns.kinds', { n: all.length, texts, numbers: all.length - texts })}</summary>
        {list(all)}
      </details>
    );
  };
  return (
    <Section title={t('version.signature')}>
      {signature === undefined ? (
        <p className="mut">{t('version.nosignature')}</p>
      ) : (
        <Facts
          rows={[
            [t('version.in'), some(signature.inputs)],
            [t('version.out'), some(signature.outputs)],
          ]}
        />
      )}
    </Section>
  );
}

export function EnvironmentFacts({ detail }: Pick<Props, 'detail'>) {
  const { t, f } = useText();
  const { environment, params, artifact } = detail;
  const entries = Object.entries(params);
  return (
    <div className={environment === undefined ? undefined : 'cols half'}>
      <Section title={t('version.params')} sub={entries.length}>
        <Facts
          rows={[
            ...entries.map(([name, value]) => [name, <code key={name}>{String(value)}</code>] as const),
            ...(artifact === undefined
              ? []
              : [[artifact.name, `${f.bytes(artifact.bytes)}, ${short(artifact.digest)}`] as const]),
          ]}
        />
      </Section>
      {environment === undefined ? null : (
        <Section title={t('version.env')} sub={environment.id}>
          <Facts
            rows={[
              ['Python', environment.python],
              [t('version.os'), [environment.os, environment.kernel, environment.libc].filter(Boolean).join(', ')],
              [t('version.cpu'), environment.cpu],
              [t('version.gpu'), environment.gpus.length === 0 ? t('none') : environment.gpus.join(', ')],
            ]}
          />
          <details>
            <summary className="meta">
              {t('version.packages', { n: environment.packages.length, installer: environment.installer })}
              {environment.packages.every((one) => one.hashes > 0) ? `, ${t('version.hashed')}` : ''}
            </summary>
            <Facts rows={environment.packages.map((one) => [one.name, one.version])} />
          </details>
        </Section>
      )}
    </div>
  );
}

export function ImageLayers({ project, detail }: Props) {
  const { t, f } = useText();
  const { image, releases } = detail;
  return (
    <>
      <Section title={t('version.releases')} sub={releases.length}>
        {releases.length === 0 ? <p className="mut">{t('version.releases.none')}</p> : null}
        <Facts
          rows={releases.slice(0, 8).map((one) => [
            f.when(one.createdAt),
            <span key={one.id}>
              <Go to={addresses.endpoint(project, one.endpoint)}>{one.endpoint}</Go>{' '}
              {one.percent === 0 ? '' : `${one.percent}%`} <span className="dim">{one.id}</span>
            </span>,
          ])}
        />
      </Section>
      {image === undefined ? null : (
        <Section title={t('version.layers')} sub={f.bytes(image.bytes)}>
          <Facts rows={image.layers.map((one) => [one.role, `${f.bytes(one.bytes)}  ${short(one.digest)}`])} />
        </Section>
      )}
    </>
  );
}
