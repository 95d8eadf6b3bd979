/** Where the blobs lie: `s3://bucket[/prefix][?endpoint=…&region=…&path_style=true]`. */
import { z } from 'zod';
import { MillwrightError } from '../../domain/errors.ts';
import { digestHex } from '../../domain/digests.ts';

export interface S3Location {
  readonly bucket: string;
  /** `''` or ends with `/`. */
  readonly prefix: string;
  /** Of another service than AWS: MinIO, Ceph, R2. Absent: AWS. */
  readonly endpoint?: string;
  readonly region?: string;
  /** The bucket in the path and not in the host name; default when there is an endpoint. */
  readonly pathStyle: boolean;
}

const query = z.strictObject({
  endpoint: z.url({ protocol: /^https?$/ }).optional(),
  region: z
    .string()
    .regex(/^[a-z0-9-]{1,40}$/)
    .optional(),
  path_style: z.enum(['true', 'false']).optional(),
});

const EXAMPLE = 's3://bucket/prefix or s3://bucket?endpoint=http://127.0.0.1:9000&region=us-east-1';

function wrong(problem: string): MillwrightError {
  return new MillwrightError('MW-CONFIG-VALUE', `not an address of an S3 store: ${problem}`, {
    where: '--artifacts',
    next: `write ${EXAMPLE}`,
  });
}

/** Throws MW-CONFIG-VALUE. Keys never stand in the address: they come from AWS's variables, profile or role. */
export function parseS3Location(address: string): S3Location {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url?.protocol !== 's3:') throw wrong('it begins with s3://');
  if (url.username !== '' || url.password !== '') {
    throw wrong('keys do not belong into it; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY');
  }
  if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(url.hostname)) throw wrong('no bucket of that name can exist');
  const prefix = decodeURIComponent(url.pathname).replaceAll(/^\/+|\/+$/g, '');
  if (prefix !== '' && !/^[\w!.*'()-]+(?:\/[\w!.*'()-]+)*$/.test(prefix))
    throw wrong('the prefix has a letter that S3 keys should not have');
  if (prefix.split('/').some((part) => part === '.' || part === '..')) throw wrong('the prefix has a segment . or ..');
  const options = query.safeParse(Object.fromEntries(url.searchParams));
  if (!options.success)
    throw wrong(`${options.error.issues[0]?.path.join('.') || 'query'}: ${options.error.issues[0]?.message}`);
  const { endpoint, region, path_style: pathStyle } = options.data;
  return {
    bucket: url.hostname,
    prefix: prefix === '' ? '' : `${prefix}/`,
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(region === undefined ? {} : { region }),
    pathStyle: pathStyle === undefined ? endpoint !== undefined : pathStyle === 'true',
  };
}

/** `<prefix>sha256/ab/<64 hex>`. Throws MW-PATH for what is no digest. */
export function keyOf({ prefix }: S3Location, digest: string): string {
  const hex = digestHex(digest);
  return `${prefix}sha256/${hex.slice(0, 2)}/${hex}`;
}
