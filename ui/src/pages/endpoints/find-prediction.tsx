import { useQuery } from '@tanstack/react-query';
import { useRouter } from '@tanstack/react-router';
import { useEffect, useId, useState } from 'react';
import { addresses } from '../../api/addresses.ts';
import { ApiProblem } from '../../api/problem.ts';
import { queries } from '../../api/queries.ts';
import { useText } from '../../i18n/use-text.tsx';
import { Failed } from '../../parts/states.tsx';
import { StatusMark } from '../../parts/status-mark.tsx';

/** A prediction of which only the id is known: from a log line, a header, a complaint. `asked` is in the address. */
export function FindPrediction({ asked, onAsk }: { readonly asked: string; readonly onAsk: (id: string) => void }) {
  const { t } = useText();
  const { history } = useRouter();
  const id = useId();
  const [text, setText] = useState(asked);
  const found = useQuery({ ...queries.findPrediction(asked), enabled: asked !== '' });
  const prediction = found.data;
  useEffect(() => {
    if (prediction !== undefined)
      // In place of the question, so that Back does not come here again.
      history.replace(addresses.prediction(prediction.project, prediction.endpoint, prediction.prediction.id));
  }, [prediction, history]);
  const missing = found.error instanceof ApiProblem && found.error.status === 404;
  return (
    <form
      className="findpred"
      role="search"
      aria-label={t('find.prediction')}
      onSubmit={(event) => {
        event.preventDefault();
        if (text.trim() !== '') onAsk(text.trim());
      }}
    >
      <label htmlFor={id} className="sr">
        {t('find.prediction')}
      </label>
      <input
        id={id}
        className="inp mono"
        value={text}
        placeholder={t('find.prediction.hint')}
        autoComplete="off"
        spellCheck={false}
        aria-invalid={missing}
        aria-describedby={`${id}h`}
        onChange={(event) => setText(event.target.value)}
      />
      <button type="submit" className="btn sm" disabled={text.trim() === '' || found.isFetching}>
        {t('find.prediction.do')}
      </button>
      <div id={`${id}h`} role="status" className="findsaid">
        {missing ? (
          <>
            <StatusMark kind="unknown" size={12} /> {t('find.prediction.missing', { id: asked })}
          </>
        ) : null}
        {found.isError && !missing ? <Failed error={found.error} what={t('find.prediction')} /> : null}
      </div>
    </form>
  );
}
