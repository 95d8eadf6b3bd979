import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { queries } from '../../api/queries.ts';
import { useText } from '../../i18n/use-text.tsx';
import { Section } from '../../parts/section.tsx';
import { Loaded } from '../../parts/states.tsx';

/** Everything that can be asked, with what it means; a click puts the name at the cursor. */
export function SqlTables({ onInsert }: { readonly onInsert: (text: string) => void }) {
  const { t } = useText();
  const query = useQuery(queries.sqlTables());
  const [filter, setFilter] = useState('');
  const word = filter.toLowerCase();
  const quoted = (name: string): string => (/^[a-z_]\w*$/i.test(name) ? name : `"${name}"`);
  return (
    <Section title={t('sql.tables')} sub={query.data?.tables.length}>
      <Loaded query={query} what={t('sql.tables')} rows={6}>
        {({ tables }) => {
          const hits = (name: string, about: string): boolean => `${name} ${about}`.toLowerCase().includes(word);
          const shown = tables.filter(
            (one) =>
              hits(one.name, one.description) || one.columns.some((column) => hits(column.name, column.description)),
          );
          return (
            <>
              <input
                className="inp"
                type="search"
                value={filter}
                placeholder={t('sql.tables.filter')}
                aria-label={t('sql.tables.filter')}
                onChange={(event) => setFilter(event.target.value)}
              />
              <ul className="tables">
                {shown.map((table) => (
                  <li key={table.name}>
                    <details open={word !== '' && shown.length < 6 ? true : undefined}>
                      <summary>
                        <code>{table.name}</code> <span className="meta">{table.columns.length}</span>
                        <span className="about">{table.description}</span>
                      </summary>
                      <button type="button" className="link mono meta" onClick={() => onInsert(quoted(table.name))}>
                        {t('sql.insert', { name: table.name })}
                      </button>
                      <ul>
                        {table.columns.map((column) => (
                          <li key={column.name}>
                            <button
                              type="button"
                              className="colname mono"
                              title={t('sql.insert', { name: column.name })}
                              onClick={() => onInsert(quoted(column.name))}
                            >
                              {column.name}
                            </button>{' '}
                            <span className="type">{column.type.toLowerCase()}</span>
                            {column.description === '' ? null : <span className="about">{column.description}</span>}
                          </li>
                        ))}
                      </ul>
                    </details>
                  </li>
                ))}
              </ul>
              {shown.length === 0 ? <p className="mut">{t('shown.none', { text: filter })}</p> : null}
            </>
          );
        }}
      </Loaded>
    </Section>
  );
}
