import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateBucketCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { artifactContract } from '../../testing/artifacts.contract.ts';
import { refusal } from '../../testing/outcome.ts';
import { openS3Artifacts } from './index.ts';
import { keyOf, parseS3Location } from './location.ts';
import { pythonWithMlflow } from '../../../test/compat/mlflow/python-client.ts';
import { minioProgram, type S3Service, startMinio, startMoto } from '../../../test/object-stores/real-services.ts';

const program = minioProgram(process.env['PATH'] ?? '');
const moto = await pythonWithMlflow(['moto[server,s3]']);
if (program === undefined) {
  console.log('NOT RUN: the S3 store against MinIO. Install it: go install github.com/minio/minio@latest');
}
if ('missing' in moto) console.log(`NOT RUN: the S3 store against moto: ${moto.missing}`);

describe('the address of an S3 store', () => {
  it('names bucket, prefix and service', () => {
    expect(parseS3Location('s3://models')).toEqual({ bucket: 'models', prefix: '', pathStyle: false });
    expect(parseS3Location('s3://models/team/a/?endpoint=http://10.0.0.1:9000&region=eu-west-1')).toEqual({
      bucket: 'models',
      prefix: 'team/a/',
      endpoint: 'http://10.0.0.1:9000',
      region: 'eu-west-1',
      pathStyle: true,
    });
    expect(keyOf(parseS3Location('s3://models/x'), `sha256:${'a'.repeat(64)}`)).toBe(`x/sha256/aa/${'a'.repeat(64)}`);
  });

  it.each([
    'http://models',
    's3://',
    's3://Models_1',
    's3://key:secret@models',
    's3://models/a%2F..%2Fx',
    's3://models/a//b',
    's3://models?endpoint=ftp://x',
    's3://models?region=EU WEST',
    's3://models?path_style=maybe',
    's3://models?secret=x',
  ])('%s is refused with an example', (address) => {
    expect(() => parseS3Location(address)).toThrow(expect.objectContaining({ code: 'MW-CONFIG-VALUE' }));
  });
});

const services = [
  ...(program === undefined ? [] : [{ name: 'MinIO', start: () => startMinio(program), checksKeys: true }]),
  ...('python' in moto ? [{ name: 'moto', start: () => startMoto(moto.python), checksKeys: false }] : []),
];

describe.each(services)('on $name', ({ name, start, checksKeys }) => {
  let service: S3Service;
  let client: S3Client;
  const folders: string[] = [];

  beforeAll(async () => {
    service = await start();
    vi.stubEnv('AWS_ACCESS_KEY_ID', service.user);
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', service.password);
    client = new S3Client({ endpoint: service.endpoint, forcePathStyle: true, region: 'us-east-1' });
  }, 90_000);

  afterAll(async () => {
    vi.unstubAllEnvs();
    client.destroy();
    await service.stop();
    for (const folder of folders) await rm(folder, { recursive: true, force: true });
  });

  async function freshBucket(): Promise<{ bucket: string; address: string; temporary: string }> {
    const bucket = `b-${randomBytes(6).toString('hex')}`;
    await client.send(new CreateBucketCommand({ Bucket: bucket }));
    const temporary = await mkdtemp(join(tmpdir(), 'mw-s3-'));
    folders.push(temporary);
    return { bucket, address: `s3://${bucket}/kept?endpoint=${service.endpoint}`, temporary };
  }

  artifactContract(`S3 (${name})`, async () => {
    const { bucket, ...argument } = await freshBucket();
    return {
      store: await openS3Artifacts(argument),
      everything: async () => {
        const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket: bucket }));
        return [...Contents.map(({ Key = '' }) => Key.split('/').at(-1) ?? ''), ...(await readdir(argument.temporary))];
      },
      reopen: () => openS3Artifacts(argument),
      elsewhere: { module: new URL('./index.ts', import.meta.url).href, open: 'openS3Artifacts', argument },
      dispose: async () => undefined,
    };
  });

  it('sends a large body in parts, with little memory', async () => {
    const store = await openS3Artifacts(await freshBucket());
    const piece = new Uint8Array(randomBytes(1_000_000));
    async function* body(): AsyncGenerator<Uint8Array> {
      for (let i = 0; i < 60; i += 1) yield piece;
    }
    const blob = await store.put(body());
    expect(blob.bytes).toBe(60_000_000);
    let read = 0;
    for await (const chunk of await store.get(blob.digest)) read += chunk.byteLength;
    expect(read).toBe(blob.bytes);
  });

  it('says when the store gives back other bytes than were put', async () => {
    const { bucket, ...argument } = await freshBucket();
    const store = await openS3Artifacts(argument);
    const { digest } = await store.put(new TextEncoder().encode('true'));
    const Key = keyOf(parseS3Location(argument.address), digest);
    await client.send(new PutObjectCommand({ Bucket: bucket, Key, Body: 'fals' }));
    expect(await refusal(store.bytes(digest))).toBe('MW-INTERNAL');
    const target = join(argument.temporary, 'model.onnx');
    expect(await refusal(store.materialize(digest, target))).toBe('MW-INTERNAL');
    expect(await readdir(argument.temporary)).toEqual([]);
  });

  it('lists more than one page, and nothing that is not its own', { timeout: 120_000 }, async () => {
    const { bucket, ...argument } = await freshBucket();
    const store = await openS3Artifacts(argument);
    await client.send(new PutObjectCommand({ Bucket: bucket, Key: 'kept/sha256/zz/note.txt', Body: 'x' }));
    const digests: string[] = [];
    for (let i = 0; i < 1005; i += 67) {
      const put = Array.from({ length: 67 }, (_, j) => store.put(new TextEncoder().encode(`blob ${i + j}`)));
      digests.push(...(await Promise.all(put)).map((blob) => blob.digest));
    }
    const listed: string[] = [];
    for await (const blob of store.list()) listed.push(blob.digest);
    expect(listed.toSorted()).toEqual(digests.toSorted());
  });

  it('a wrong key, a missing bucket and a service that is not there are coded and say what to do', async () => {
    const { address, temporary } = await freshBucket();
    expect(await refusal(openS3Artifacts({ address: `s3://not-there?endpoint=${service.endpoint}`, temporary }))).toBe(
      'MW-CONFIG-VALUE',
    );
    expect(await refusal(openS3Artifacts({ address: 's3://models?endpoint=http://127.0.0.1:9', temporary }))).toBe(
      'MW-UNAVAILABLE',
    );
    if (!checksKeys) return;
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'wrong-wrong-wrong');
    const failed = await openS3Artifacts({ address, temporary }).catch((error: unknown) => error);
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', service.password);
    expect(failed).toMatchObject({ code: 'MW-UNAVAILABLE' });
    expect(JSON.stringify(failed)).not.toContain('wrong-wrong');
  });

  it('takes a file and hands it out again', async () => {
    const { address, temporary } = await freshBucket();
    const store = await openS3Artifacts({ address, temporary });
    const path = join(temporary, 'in.bin');
    await writeFile(path, randomBytes(20_000_000));
    const blob = await store.putFile(path);
    expect(await store.putFile(path)).toEqual(blob);
    await store.materialize(blob.digest, join(temporary, 'out.bin'));
    expect(blob.bytes).toBe(20_000_000);
  });
});
