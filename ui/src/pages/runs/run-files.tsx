import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { queries } from '../../api/queries.ts';
import { useText } from '../../i18n/use-text.tsx';
import { Section } from '../../parts/section.tsx';
import { Loaded } from '../../parts/states.tsx';
import { Preview } from './preview.tsx';

export interface RunFilesProps {
  readonly id: string;
  /** The file that is shown; part of the address. */
  readonly file: string;
  readonly onFile: (path: string) => void;
}

function Folder({ id, path, file, onFile }: RunFilesProps & { readonly path: string }) {
  const { t, f } = useText();
  const files = useQuery(queries.artifacts(id, path));
  return (
    <Loaded query={files} what={path === '' ? t('run.artifacts') : path} rows={2}>
      {(data) =>
        data.artifacts.length === 0 ? (
          <p className="mut">{t('run.artifacts.none')}</p>
        ) : (
          <ul className="tree">
            {data.artifacts.map((one) => (
              <li key={one.path}>
                {one.isDir ? (
                  <Branch id={id} path={one.path} file={file} onFile={onFile} />
                ) : (
                  <button
                    type="button"
                    className="leaf"
                    aria-current={one.path === file}
                    onClick={() => onFile(one.path === file ? '' : one.path)}
                  >
                    <span className="mono cut" title={one.path}>
                      {one.path.split('/').at(-1)}
                    </span>
                    <span className="micro nw">{one.bytes === undefined ? '' : f.bytes(one.bytes)}</span>
                  </button>
                )}
              </li>
            ))}
          </ul>
        )
      }
    </Loaded>
  );
}

/** A folder is read when it is opened; the one of the shown file is open from the start. */
function Branch({ id, path, file, onFile }: RunFilesProps & { readonly path: string }) {
  const [open, setOpen] = useState(file.startsWith(`${path}/`));
  return (
    <details open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary className="mono">{path.split('/').at(-1)}/</summary>
      {open ? <Folder id={id} path={path} file={file} onFile={onFile} /> : null}
    </details>
  );
}

/** Files of a run as a tree, with what can be shown of one beside it. */
export function RunFiles({ id, file, onFile }: RunFilesProps) {
  const { t } = useText();
  return (
    <Section title={t('run.artifacts')}>
      <div className={file === '' ? undefined : 'filesplit'}>
        <Folder id={id} path="" file={file} onFile={onFile} />
        {file === '' ? null : <Preview id={id} path={file} />}
      </div>
    </Section>
  );
}
