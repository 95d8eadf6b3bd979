import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import { addresses } from '../../api/addresses.ts';
import { commands } from '../../api/commands.ts';
import { ApiProblem } from '../../api/problem.ts';
import { queries } from '../../api/queries.ts';
import type { EndpointDetail, ModelSignature, Prediction } from '../../api/types.ts';
import { useText } from '../../i18n/use-text.tsx';
import { useKeys } from '../../keys/use-keys.ts';
import { Go } from '../../parts/go.tsx';
import { PageHead } from '../../parts/page-head.tsx';
import { Section } from '../../parts/section.tsx';
import { Empty } from '../../parts/states.tsx';
import { Page } from '../page.tsx';
import { rowAnswers } from './answers.ts';
import { MOST_ROWS } from './pasted-rows.ts';
import { PlaygroundAnswer, PlaygroundHistory } from './playground-answer.tsx';
import { PlaygroundField } from './playground-field.tsx';
import { cellProblem, draftOf, fieldNamed, fieldsOf, isWide, rowOf, type Draft } from './playground-fields.ts';
import { remember, useHistory, type Asked } from './playground-history.ts';
import { PlaygroundPaste } from './playground-paste.tsx';
import { PlaygroundProgram } from './playground-program.tsx';
import { PlaygroundSweep } from './playground-sweep.tsx';
import { champion } from './roles.ts';
import { glimpse } from './recent.tsx';
import '../../design/records.css';
import '../../design/serving.css';

const RECENT = 60;

function Answer({
  name,
  inputs,
  asked,
}: {
  readonly name: string;
  readonly inputs: number;
  readonly asked: Asked | undefined;
}) {
  const { t, tx, f } = useText();
  if (asked === undefined) return tx('play.answer.open', { name: <b>{name}</b>, n: inputs });
  const scores = asked.answers.flatMap((one) => (one.score === undefined ? [] : [one.score]));
  const slots = { v: <b>v{asked.answer.version}</b>, time: f.duration(asked.answer.latencyMs), n: asked.rows.length };
  return asked.rows.length === 1
    ? tx('play.answer.one', { ...slots, score: scores[0] === undefined ? t('unknown') : f.num(scores[0], 3) })
    : tx('play.answer.many', {
        ...slots,
        low: f.num(Math.min(...scores), 3),
        high: f.num(Math.max(...scores), 3),
      });
}

/** A real row to begin with: where it came from and what it holds. */
interface Source {
  readonly id: string;
  readonly text: string;
  readonly inputs: Prediction['inputs'];
}

function useSources(
  detail: EndpointDetail,
  recent: readonly Prediction[],
  from: Prediction | undefined,
): readonly Source[] {
  const { t, f } = useText();
  const named = [...(from === undefined ? [] : [from]), ...recent.filter((one) => one.id !== from?.id)];
  return [
    ...named.map((one) => ({
      id: one.id,
      text: `${[...new Set([f.when(one.time), f.clock(one.time)])].join(' ')} · ${glimpse(one.inputs)} · ${one.score === null ? t('unknown') : f.num(one.score, 3)}`,
      inputs: one.inputs,
    })),
    ...(detail.example === undefined ? [] : [{ id: 'example', text: t('play.fill.example'), inputs: detail.example }]),
  ];
}

function Playground({
  project,
  detail,
  signature,
  recent,
  from,
}: {
  readonly project: string;
  readonly detail: EndpointDetail;
  readonly signature: ModelSignature;
  readonly recent: readonly Prediction[];
  readonly from: Prediction | undefined;
}) {
  const { t } = useText();
  const client = useQueryClient();
  const { endpoint } = detail;
  const version = champion(endpoint)?.version ?? endpoint.releases[0]?.version ?? 0;
  const trained = useQuery({
    ...queries.version(endpoint.model, version),
    retry: false,
    enabled: version > 0,
    refetchInterval: false,
  });
  const datasets = useQuery({ ...queries.datasets(endpoint.project), retry: false });
  const columns = datasets.data?.datasets.find((one) => one.id === trained.data?.datasets[0]?.id)?.columns;
  const fields = useMemo(() => fieldsOf(signature, recent, columns ?? []), [signature, recent, columns]);
  const sources = useSources(detail, recent, from);
  const [drafts, setDrafts] = useState<readonly Draft[]>(() => [draftOf(fields, sources[0]?.inputs ?? {})]);
  const [source, setSource] = useState(sources[0]?.id ?? '');
  const [at, setAt] = useState(0);
  const [touched, setTouched] = useState<string>();
  const [pasting, setPasting] = useState(false);
  const history = useHistory(endpoint.name);
  const shown = Math.min(at, drafts.length - 1);
  const draft = drafts[shown] ?? {};
  const rows = drafts.map((one) => rowOf(fields, one));
  const sound = drafts.every((one) => fields.every((field) => cellProblem(field, one[field.name] ?? '') === undefined));
  const send = useMutation({
    mutationFn: () =>
      commands.tryIt(
        endpoint.name,
        rows.map((row) => ({ ...row })),
      ),
    onSuccess: (answer) =>
      remember(endpoint.name, { at: Date.now(), rows, answer, answers: rowAnswers(answer, rows.length) }),
    onSettled: () => void client.invalidateQueries({ queryKey: ['endpoints', endpoint.name, 'predictions'] }),
  });
  const problem = send.error instanceof ApiProblem ? send.error : undefined;
  const blamed = problem === undefined ? undefined : fieldNamed(fields, problem.message, problem.where);
  const ask = (): void => {
    if (sound && !send.isPending && fields.length > 0) send.mutate();
  };
  const write = (next: Draft): void => {
    send.reset();
    setDrafts(drafts.map((one, i) => (i === shown ? next : one)));
  };
  const fill = (id: string): void => {
    const found = sources.find((one) => one.id === id);
    setSource(id);
    if (found !== undefined) write(draftOf(fields, found.inputs));
  };
  // What was changed by hand is no longer that row.
  const picked = sources.find((one) => one.id === source);
  const original = picked === undefined ? undefined : draftOf(fields, picked.inputs);
  const untouched = original !== undefined && fields.every((field) => original[field.name] === draft[field.name]);
  const step = (by: number): void => {
    const next = sources[Math.max(0, Math.min(sources.length - 1, sources.findIndex((one) => one.id === source) + by))];
    if (next !== undefined) fill(next.id);
  };
  useKeys([
    { keys: 'mod+Enter', label: t('play.send.key'), run: ask, inFields: true },
    { keys: 'ArrowDown', label: t('play.fill.keys'), run: () => step(1) },
    { keys: 'ArrowUp', label: t('play.fill.keys'), run: () => step(-1) },
  ]);
  const use = (all: readonly Readonly<Record<string, unknown>>[]): void => {
    send.reset();
    setDrafts(all.map((row) => draftOf(fields, row)));
    setAt(0);
    setSource('');
    setPasting(false);
  };
  const wide = signature.inputs.filter((one) => isWide(one.shape)).map((one) => one.name);
  return (
    <>
      <PageHead
        title={`${t('play.title')} · ${endpoint.name}`}
        answer={<Answer name={endpoint.name} inputs={signature.inputs.length} asked={history[0]} />}
        lede={t('play.lede')}
      />
      <div className="cols m516 play">
        <div>
          <Section
            first
            title={t('play.row')}
            sub={drafts.length > 1 ? t('play.rows', { n: drafts.length }) : undefined}
            right={
              <>
                <label className="pfill">
                  <span>{t('play.fill')}</span>
                  <select value={untouched ? source : ''} onChange={(event) => fill(event.target.value)}>
                    {untouched ? null : <option value="">{t('play.fill.none')}</option>}
                    {sources.map((one) => (
                      <option key={one.id} value={one.id}>
                        {one.text}
                      </option>
                    ))}
                  </select>
                </label>
                <button type="button" className="link" aria-expanded={pasting} onClick={() => setPasting(!pasting)}>
                  {t('play.paste')}
                </button>
              </>
            }
          >
            {pasting ? (
              <PlaygroundPaste
                names={fields.map((field) => field.name)}
                onRows={use}
                onClose={() => setPasting(false)}
              />
            ) : null}
            {drafts.length > 1 ? (
              <div className="tabs prows" role="group" aria-label={t('play.rows', { n: drafts.length })}>
                {drafts.map((_, i) => (
                  <button key={i} type="button" aria-pressed={i === shown} onClick={() => setAt(i)}>
                    {t('play.row.n', { n: i + 1 })}
                  </button>
                ))}
              </div>
            ) : null}
            <form
              className="pform"
              noValidate
              onSubmit={(event) => {
                event.preventDefault();
                ask();
              }}
            >
              {fields.map((field) => (
                <PlaygroundField
                  key={field.name}
                  field={field}
                  text={draft[field.name] ?? ''}
                  problem={field.name === blamed ? problem?.message : undefined}
                  onChange={(text) => {
                    setTouched(field.name);
                    write({ ...draft, [field.name]: text });
                  }}
                />
              ))}
              {wide.length > 0 ? (
                <p className="mut pall">
                  {t('play.wide', { names: wide.join(', ') })}{' '}
                  <a href={`${endpoint.restUrl.replace(/\/infer$/, '')}/docs`} rel="noreferrer">
                    {t('play.more.docs')}
                  </a>
                </p>
              ) : null}
              <div className="pall row">
                <button type="submit" className="btn pri" disabled={!sound || send.isPending || fields.length === 0}>
                  {drafts.length > 1 ? t('play.send.n', { n: drafts.length }) : t('play.send')} <kbd>⌘ ↵</kbd>
                </button>
                <button
                  type="button"
                  className="btn quiet"
                  disabled={drafts.length >= MOST_ROWS || fields.length === 0}
                  onClick={() => {
                    setDrafts([...drafts.slice(0, shown + 1), draft, ...drafts.slice(shown + 1)]);
                    setAt(shown + 1);
                  }}
                >
                  {t('play.row.add')}
                </button>
                {drafts.length > 1 ? (
                  <button
                    type="button"
                    className="btn quiet"
                    onClick={() => {
                      setDrafts(drafts.filter((_, i) => i !== shown));
                      setAt(Math.max(0, shown - 1));
                    }}
                  >
                    {t('play.row.remove', { n: shown + 1 })}
                  </button>
                ) : null}
              </div>
            </form>
          </Section>
          <div className="o3">
            <PlaygroundHistory endpoint={endpoint} history={history} onUse={(asked) => use(asked.rows)} />
          </div>
        </div>
        <div>
          <div className="o2">
            <PlaygroundAnswer
              project={project}
              endpoint={endpoint}
              history={history}
              error={blamed === undefined ? send.error : undefined}
            />
          </div>
          <div className="o4">
            <PlaygroundSweep
              endpoint={endpoint}
              touched={touched}
              fields={fields}
              row={rows[shown] ?? {}}
              sound={sound}
            />
            <PlaygroundProgram endpoint={endpoint} signature={signature} rows={rows} />
          </div>
        </div>
      </div>
    </>
  );
}

/** A form of the model's inputs, filled with a real row: what does it say, and what if. */
export function PlaygroundPage({
  project,
  name,
  from,
}: {
  readonly project: string;
  readonly name: string;
  /** A prediction whose inputs fill the form. */
  readonly from: string | undefined;
}) {
  const { t } = useText();
  const detail = useQuery({ ...queries.endpoint(name), refetchInterval: false });
  const recent = useQuery({ ...queries.predictions(name, RECENT), refetchInterval: false });
  const wanted = useQuery({ ...queries.prediction(name, from ?? ''), enabled: from !== undefined, retry: false });
  // The form is filled once, so it waits for what fills it; without a log it begins with the example.
  const filled = !recent.isPending && (from === undefined || !wanted.isPending);
  return (
    <Page query={detail} title={t('play.title')}>
      {(data) =>
        !filled ? (
          <PageHead
            title={t('play.title')}
            answer={<span className="dim">{t('waiting.reads', { what: t('endpoint.recent') })}</span>}
          />
        ) : data.signature === undefined ? (
          <>
            <PageHead title={t('play.title')} answer={t('play.nosignature', { name })} />
            <Section first title={t('play.row')}>
              <Empty
                title={t('play.nosignature', { name })}
                text={t('play.nosignature.text')}
                command={`mw predict ${name}`}
              />
              <Go to={addresses.endpoint(project, name)}>{name}</Go>
            </Section>
          </>
        ) : (
          <Playground
            key={from ?? ''}
            project={project}
            detail={data}
            signature={data.signature}
            recent={recent.data?.predictions ?? []}
            from={wanted.data?.prediction}
          />
        )
      }
    </Page>
  );
}
