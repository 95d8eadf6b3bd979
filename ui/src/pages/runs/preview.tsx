import { useQuery } from '@tanstack/react-query';
import type { MouseEvent } from 'react';
import { authHeaders } from '../../api/client.ts';
import { runQueries, type ArtifactPreview } from '../../api/run-queries.ts';
import { useText } from '../../i18n/use-text.tsx';
import { CopyButton } from '../../parts/command-line.tsx';
import { ScrollX } from '../../parts/scroll-x.tsx';
import { Loaded } from '../../parts/states.tsx';
import { download } from './runs-csv.ts';

type Shown = ArtifactPreview['preview'];

function Table({ table }: { readonly table: Extract<Shown, { kind: 'table' }> }) {
  const { t, f } = useText();
  const numeric = table.columns.map((_, i) => table.rows.some((row) => typeof row[i] === 'number'));
  return (
    <>
      <p className="meta">
        {table.total === undefined
          ? t('preview.rows.some', { n: table.rows.length, columns: table.columns.length })
          : t('preview.rows', { n: table.rows.length, total: table.total, columns: table.columns.length })}
      </p>
      <div className="previewbox" role="group" aria-label={t('table')} tabIndex={0}>
        <table className="tight">
          <thead>
            <tr>
              {table.columns.map((name, i) => (
                <th key={`${name} ${i}`} scope="col" className={numeric[i] === true ? 'num' : undefined}>
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {table.rows.map((row, i) => (
              <tr key={i}>
                {row.map((cell, j) => (
                  <td key={j} className={numeric[j] === true ? 'num' : undefined} title={String(cell ?? '')}>
                    {cell === null ? (
                      <span className="dim">—</span>
                    ) : typeof cell === 'number' ? (
                      f.num(cell)
                    ) : (
                      String(cell)
                    )}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}

function Notebook({ notebook }: { readonly notebook: Extract<Shown, { kind: 'notebook' }> }) {
  const { t } = useText();
  return (
    <div className="previewbox notebook" role="group" aria-label={t('preview.notebook')} tabIndex={0}>
      {notebook.cells.map((cell, i) => (
        <div key={i} className="cell">
          {cell.kind === 'code' ? <pre className="code">{cell.source}</pre> : <pre className="said">{cell.source}</pre>}
          {cell.outputs.map((output, j) =>
            output.image === undefined ? (
              <pre key={j} className="out">
                {output.text}
              </pre>
            ) : (
              <img key={j} src={output.image} alt={t('preview.output', { n: i + 1 })} />
            ),
          )}
        </div>
      ))}
      {notebook.truncated ? <p className="meta">{t('preview.cut')}</p> : null}
    </div>
  );
}

function Body({ path, preview }: { readonly path: string; readonly preview: Shown }) {
  const { t } = useText();
  switch (preview.kind) {
    case 'text':
      return (
        <>
          <div className="previewbox" role="group" aria-label={path} tabIndex={0}>
            <pre className="code" lang="en">
              {preview.text}
            </pre>
          </div>
          {preview.truncated ? <p className="meta">{t('preview.cut')}</p> : null}
        </>
      );
    case 'table':
      return <Table table={preview} />;
    case 'image':
      return <img className="previewimg" src={preview.dataUrl} alt={path} />;
    case 'notebook':
      return <Notebook notebook={preview} />;
    case 'none':
      return <p className="mut">{t('preview.none', { reason: preview.reason })}</p>;
  }
}

/** The whole file as it is. A link cannot carry a token, so with one the file is fetched first. */
function DownloadLink({ address, name }: { readonly address: string; readonly name: string }) {
  const { t } = useText();
  const onClick = (event: MouseEvent): void => {
    const headers = authHeaders();
    if (Object.keys(headers).length === 0) return;
    event.preventDefault();
    void fetch(address, { headers })
      .then((response) => response.blob())
      .then((file) => download(file, name));
  };
  return (
    <a className="btn sm" href={address} download={name} onClick={onClick}>
      {t('preview.download')}
    </a>
  );
}

/** What can be shown of a file, safely; and the file itself. */
export function Preview({ id, path }: { readonly id: string; readonly path: string }) {
  const { t, f } = useText();
  const preview = useQuery(runQueries.preview(id, path));
  return (
    <Loaded query={preview} what={path} rows={6}>
      {(data) => (
        <div className="preview">
          <div className="previewhead">
            <code className="cut" title={data.digest}>
              {data.path}
            </code>
            <span className="meta nw">
              {f.bytes(data.bytes)}
              {data.preview.kind === 'text' ? ` · ${data.preview.language}` : ''}
            </span>
            {data.preview.kind === 'text' ? <CopyButton text={data.preview.text} /> : null}
            <DownloadLink address={data.download} name={data.path.split('/').at(-1) ?? 'file'} />
          </div>
          <ScrollX>
            <Body path={data.path} preview={data.preview} />
          </ScrollX>
          <p className="micro mono cut" title={data.digest}>
            {t('preview.digest')} {data.digest}
          </p>
        </div>
      )}
    </Loaded>
  );
}
