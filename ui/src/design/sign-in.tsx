import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { keepToken } from '../api/client.ts';
import { useText } from '../i18n/use-text.tsx';
import { PageHead } from '../parts/page-head.tsx';

/** The server asks for a token; it is kept for this tab only. */
export function SignIn() {
  const { t } = useText();
  const client = useQueryClient();
  const [token, setToken] = useState('');
  return (
    <>
      <PageHead title={t('signin.title')} answer={t('signin.answer')} lede={t('signin.lede')} />
      <form
        className="filter"
        onSubmit={(event) => {
          event.preventDefault();
          keepToken(token.trim());
          void client.resetQueries();
        }}
      >
        <label className="field">
          <span className="meta">{t('signin.token')}</span>
          <input
            type="password"
            autoComplete="current-password"
            value={token}
            onChange={(event) => setToken(event.target.value)}
          />
        </label>
        <button type="submit" className="btn pri" disabled={token.trim() === ''}>
          {t('signin.do')}
        </button>
      </form>
    </>
  );
}
