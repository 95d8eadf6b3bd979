/** Records of an MLflow installation, by whatever names it. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { MillwrightError } from '../../domain/errors.ts';
import type { TrackingSource } from '../../ports/tracking-source.ts';
import { openDatabaseSource } from './database.ts';
import { openFolderSource } from './folder.ts';
import { openQuery } from './query.ts';
import { openServerSource } from './server.ts';

export interface MlflowSource {
  /** `http(s)://server`, `sqlite:///file.db`, `postgresql://…`, `mysql://…`, a `.db` file, or a folder `mlruns`. */
  readonly address: string;
  /** The folder behind `mlflow-artifacts:` locations, for a database or a folder. */
  readonly artifacts?: string;
  /** For a server. */
  readonly authorization?: string;
}

/** Throws MW-USAGE for an address of no known kind; see the sources for the rest. */
export async function openMlflowSource({ address, artifacts, authorization }: MlflowSource): Promise<TrackingSource> {
  const served = artifacts === undefined ? undefined : resolve(artifacts);
  if (/^https?:\/\//.test(address)) {
    return openServerSource({ url: address, ...(authorization === undefined ? {} : { authorization }) });
  }
  if (/^(?:sqlite|postgres(?:ql)?|mysql)(?:\+\w+)?:\/\//.test(address)) {
    const name = address.replace(/\/\/[^@/]*@/, '//…@');
    return openDatabaseSource({ name, query: await openQuery(address), artifacts: served });
  }
  const path = resolve(address.replace(/^file:(?:\/\/)?/, ''));
  if (/\.(?:db|sqlite3?)$/.test(path) && existsSync(path)) {
    return openDatabaseSource({ name: path, query: await openQuery(`sqlite:///${path}`), artifacts: served });
  }
  if (existsSync(path)) return openFolderSource(path, served);
  throw new MillwrightError('MW-USAGE', `nothing of MLflow is at "${address}"`, {
    where: 'source',
    next: 'mw import mlflow http://server:5000, sqlite:///mlflow.db or ./mlruns',
  });
}
