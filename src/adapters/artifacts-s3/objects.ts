/** Single objects by their address, for commands that read and write a user's own files: `s3://bucket/key[?endpoint=…]`. */
import { createReadStream, createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { GetObjectCommand, HeadObjectCommand } from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { MillwrightError } from '../../domain/errors.ts';
import { clientOf } from './client.ts';
import { onService } from './errors.ts';
import { parseS3Location } from './location.ts';

const PART_BYTES = 16 * 1024 * 1024;

function opened(address: string) {
  const location = parseS3Location(address);
  const { bucket, prefix } = location;
  const Key = prefix.replace(/\/$/, '');
  if (Key === '')
    throw new MillwrightError('MW-USAGE', 'the address names a bucket, not an object', {
      where: address.split('?')[0] ?? 's3:',
      next: 'for example s3://bucket/folder/rows.parquet',
    });
  return { client: clientOf(location), Bucket: bucket, Key };
}

async function asked<T>(bucket: string, key: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Error && /^(NoSuchKey|NotFound)$/.test(error.name))
      throw new MillwrightError('MW-NOT-FOUND', `there is no object ${key} in the bucket ${bucket}`, {
        where: `s3://${bucket}/${key}`,
        cause: error,
      });
    throw onService(error, bucket);
  }
}

/** What tells whether the object is still the same one. Throws MW-NOT-FOUND, MW-UNAVAILABLE. */
export async function objectTag(address: string): Promise<string> {
  const { client, Bucket, Key } = opened(address);
  const found = await asked(Bucket, Key, async () => client.send(new HeadObjectCommand({ Bucket, Key })));
  return `${found.ETag ?? ''} ${found.ContentLength ?? 0}`;
}

/** The object as a file of this machine. */
export async function downloadObject(address: string, path: string): Promise<void> {
  const { client, Bucket, Key } = opened(address);
  await asked(Bucket, Key, async () => {
    const { Body } = await client.send(new GetObjectCommand({ Bucket, Key }));
    if (!(Body instanceof Readable)) throw new Error('the service sent no body');
    await pipeline(Body, createWriteStream(path, { mode: 0o600 }));
  });
}

/** The file as an object: there whole, or not at all. */
export async function uploadObject(address: string, path: string): Promise<void> {
  const { client, Bucket, Key } = opened(address);
  await asked(Bucket, Key, async () => {
    const upload = new Upload({ client, params: { Bucket, Key, Body: createReadStream(path) }, partSize: PART_BYTES });
    await upload.done();
  });
}
