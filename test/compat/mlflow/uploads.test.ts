/** Multipart and presigned addresses: what the signature allows, and nothing else. The real client uses them in client-flow.py. */
import { createHash, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startServer } from './server.ts';

let server: Awaited<ReturnType<typeof startServer>>;
let now = Date.now();

beforeAll(async () => {
  server = await startServer({ now: () => now });
});
afterAll(() => server.close());

interface Credential {
  readonly url: string;
  readonly part_number: number;
}

async function post(path: string, body: object) {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(`${server.url}/api/2.0/${path}`, {
    method: 'POST',
    body: JSON.stringify(body),
    headers,
  });
  return { status: response.status, json: (await response.json()) as Record<string, unknown> };
}
const put = (url: string, body: Uint8Array | string) => fetch(url, { method: 'PUT', body });

async function newRun(): Promise<{ readonly id: string; readonly place: string }> {
  const { json } = await post('mlflow/runs/create', { experiment_id: '0' });
  const { info } = json['run'] as { info: { run_id: string; artifact_uri: string } };
  return { id: info.run_id, place: info.artifact_uri.replace('mlflow-artifacts:/', '') };
}

async function begin(place: string, parts: number) {
  const { json, status } = await post(`mlflow-artifacts/mpu/create/${place}`, {
    path: '/home/ann/big.bin',
    num_parts: parts,
  });
  expect(status).toBe(200);
  return { id: String(json['upload_id']), credentials: json['credentials'] as readonly Credential[] };
}

const urlOf = (credentials: readonly Credential[], part: number): string =>
  credentials.find((one) => one.part_number === part)?.url ?? '';

it('joins parts in their order, whichever came first', async () => {
  const { id, place } = await newRun();
  const parts = [1, 2, 3].map((size) => randomBytes(size * 100_000));
  const { id: upload, credentials } = await begin(place, 3);
  const etags = new Map<number, string>();
  for (const number of [3, 1, 2]) {
    const answer = await put(urlOf(credentials, number), new Uint8Array(parts[number - 1] ?? Buffer.alloc(0)));
    expect(answer.status).toBe(200);
    etags.set(number, answer.headers.get('etag') ?? '');
  }
  const complete = () =>
    post(`mlflow-artifacts/mpu/complete/${place}`, {
      path: '/home/ann/big.bin',
      upload_id: upload,
      parts: [2, 1, 3].map((number) => ({ part_number: number, etag: etags.get(number) })),
    });
  expect((await complete()).status).toBe(200);
  // The answer may be lost on its way: asking again is no error.
  expect((await complete()).status).toBe(200);
  const back = await fetch(`${server.url}/api/2.0/mlflow-artifacts/artifacts/${place}/big.bin`);
  const digest = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
  expect(digest(new Uint8Array(await back.arrayBuffer()))).toBe(digest(Buffer.concat(parts)));
  const list = await fetch(`${server.url}/api/2.0/mlflow/artifacts/list?run_id=${id}`);
  expect(((await list.json()) as { files: unknown }).files).toEqual([
    { path: 'big.bin', is_dir: false, file_size: 600_000 },
  ]);
  // Nothing goes into an upload that is complete.
  expect((await put(urlOf(credentials, 1), 'late')).status).toBe(400);
});

it('takes a part again after a broken try, and refuses to complete with a part that is missing or another', async () => {
  const { place } = await newRun();
  const { id: upload, credentials } = await begin(place, 2);
  const first = (await put(urlOf(credentials, 1), 'half')).headers.get('etag');
  const etag = (await put(urlOf(credentials, 1), 'whole')).headers.get('etag');
  const complete = (parts: readonly object[]) =>
    post(`mlflow-artifacts/mpu/complete/${place}`, { path: 'big.bin', upload_id: upload, parts });
  expect((await complete([{ part_number: 1, etag: first }])).json['message']).toContain('part 1 is not the one');
  expect(
    (
      await complete([
        { part_number: 1, etag },
        { part_number: 2, etag },
      ])
    ).json['message'],
  ).toContain('part 2 is missing');
  expect((await complete([{ part_number: 2, etag }])).json['message']).toContain('part 1 is missing');
  expect((await complete([])).status).toBe(400);
  const other = await newRun();
  const stolen = await post(`mlflow-artifacts/mpu/complete/${other.place}`, {
    path: 'big.bin',
    upload_id: upload,
    parts: [{ part_number: 1, etag }],
  });
  expect(stolen.json['message']).toContain('another file');
  expect((await complete([{ part_number: 1, etag }])).status).toBe(200);
});

it('lets an address do what it says until its end, and nothing else', async () => {
  const { place } = await newRun();
  const { id: upload, credentials } = await begin(place, 2);
  const url = urlOf(credentials, 1);
  for (const changed of [
    url.replace(`/${upload}/1?`, `/${upload}/2?`),
    url.replace(/expires=\d+/, 'expires=99999999999'),
    url.replace(/signature=.{4}/, 'signature=AAAA'),
    url.replace(/&?signature=[^&]+/, ''),
    url.replace(upload, `upl-${'0'.repeat(32)}`),
  ]) {
    const answer = await put(changed, 'x'.repeat(1000));
    expect([400, 403], changed).toContain(answer.status);
  }
  const before = now;
  now += 7 * 3600_000;
  expect((await put(url, 'x')).status).toBe(403);
  now = before;
  expect((await put(url, 'x')).status).toBe(200);
});

it('forgets an upload that is aborted', async () => {
  const { place } = await newRun();
  const { id: upload, credentials } = await begin(place, 1);
  expect((await put(urlOf(credentials, 1), 'x')).status).toBe(200);
  const abort = () => post(`mlflow-artifacts/mpu/abort/${place}`, { path: 'big.bin', upload_id: upload });
  expect((await abort()).status).toBe(200);
  expect((await abort()).status).toBe(200);
  expect((await put(urlOf(credentials, 1), 'x')).status).toBe(404);
  expect(await server.store.uploads.count()).toBe(3);
});

it('refuses odd uploads before a byte is sent', async () => {
  const { id, place } = await newRun();
  const create = (body: object, at = place) => post(`mlflow-artifacts/mpu/create/${at}`, body);
  expect((await create({ path: 'x', num_parts: 0 })).status).toBe(400);
  expect((await create({ path: 'x', num_parts: 10_001 })).status).toBe(400);
  expect((await create({ path: '/etc/..', num_parts: 1 })).status).toBe(400);
  expect((await create({ path: 'x', num_parts: 1 }, '0/nothere/artifacts')).status).toBe(404);
  await post('mlflow/runs/delete', { run_id: id });
  expect((await create({ path: 'x', num_parts: 1 })).status).toBe(400);
});

it('presigns one file to put and one to get, also in ranges', async () => {
  const { id } = await newRun();
  const upload = await post('mlflow/artifacts/presigned-upload-url', { run_id: id, path: 'a/b c.txt' });
  const putUrl = String(upload.json['presigned_url']);
  expect((await put(putUrl, '0123456789')).status).toBe(200);
  expect((await put(putUrl.replace('b+c', 'other'), 'x')).status).toBe(403);
  expect((await fetch(putUrl)).status).toBe(403);
  const download = await post('mlflow/artifacts/presigned-download-url', { run_id: id, path: 'a/b c.txt' });
  expect(download.json['file_size']).toBe(10);
  const getUrl = String(download.json['presigned_url']);
  expect(await (await fetch(getUrl)).text()).toBe('0123456789');
  const range = await fetch(getUrl, { headers: { range: 'bytes=2-4' } });
  expect([range.status, range.headers.get('content-range'), await range.text()]).toEqual([206, 'bytes 2-4/10', '234']);
  const rest = await fetch(getUrl, { headers: { range: 'bytes=8-' } });
  expect(await rest.text()).toBe('89');
  expect((await put(getUrl, 'x')).status).toBe(403);
  for (const body of [{ path: 'x' }, { run_id: id, model_id: 'm-1', path: 'x' }, { run_id: id, path: '../x' }])
    expect((await post('mlflow/artifacts/presigned-upload-url', body)).status).toBe(400);
  const never = { run_id: id, path: 'a/b c.txt', expiration: 604_801 };
  expect((await post('mlflow/artifacts/presigned-download-url', never)).json['message']).toContain(
    'between 1 and 604800',
  );
  expect((await post('mlflow/artifacts/presigned-download-url', { run_id: id, path: 'none' })).status).toBe(404);
});
