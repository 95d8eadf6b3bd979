import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ArtifactStore } from '../../ports/artifact-store.ts';
import type { ImagePlan } from '../../ports/image-layout.ts';
import { gzip, once } from './blobs.ts';
import { createImageLayout } from './index.ts';
import { programFiles } from './program-files.ts';
import { arrange, folder, tar, type TarEntry } from './tar.ts';

vi.setConfig({ testTimeout: 180_000, hookTimeout: 60_000 });

const tools = ['skopeo', 'umoci'].filter((tool) => spawnSync(tool, ['--version']).status !== 0);
const foreign = tools.length === 0 && process.platform === 'linux';
if (!foreign) console.warn(`NOT RUN: images read by other tools (missing: ${tools.join(', ') || 'Linux'})`);

let home: string;
let root: string;
const blobs = new Map<string, Uint8Array>();
const sha256 = (data: Uint8Array): string => `sha256:${createHash('sha256').update(data).digest('hex')}`;

const artifacts: ArtifactStore = {
  stat: async (digest) => (blobs.has(digest) ? { digest, bytes: blobs.get(digest)?.length ?? 0 } : undefined),
  get: async (digest) => once(blobs.get(digest) ?? new Uint8Array()),
  bytes: async (digest) => blobs.get(digest) ?? new Uint8Array(),
  put: () => Promise.reject(new Error('not used')),
  putFile: () => Promise.reject(new Error('not used')),
  materialize: () => Promise.reject(new Error('not used')),
  renew: () => Promise.reject(new Error('not used')),
  delete: () => Promise.reject(new Error('not used')),
  list: () => {
    throw new Error('not used');
  },
};

async function all(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of source) chunks.push(chunk);
  return Buffer.concat(chunks);
}

const entry = (path: string, content = path, mode = 0o644): TarEntry => {
  const data = Buffer.from(content);
  return { path, type: 'file', mode, owner: 0, size: data.length, open: () => once(data), mark: content };
};

function makeProgram(at: string): void {
  mkdirSync(join(at, 'dist/deep'), { recursive: true });
  writeFileSync(join(at, 'package.json'), '{"type":"module"}');
  writeFileSync(join(at, 'dist/serve.js'), 'process.stdout.write(`served ${process.env.MW_MODEL}`);');
  writeFileSync(join(at, 'dist/deep/tool.sh'), '#!/bin/sh\n');
  chmodSync(join(at, 'dist/deep/tool.sh'), 0o700);
  if (!existsSync(join(at, 'dist/link.js'))) symlinkSync('serve.js', join(at, 'dist/link.js'));
}

function planOf(model: Uint8Array, version = 1, changes: Partial<ImagePlan> = {}): ImagePlan {
  const digest = sha256(model);
  blobs.set(digest, model);
  const tree = { files: { root, own: ['dist', 'package.json'], packages: [] } };
  return {
    project: 'flights',
    model: 'flights',
    version,
    reference: `flights:${version}`,
    created: '2026-11-23T00:00:00.000Z',
    layers: [
      {
        role: 'base',
        compression: 'gzip',
        sources: [
          { kind: 'skeleton' },
          { kind: 'folder', path: 'home/millwright', owner: 'user' },
          { kind: 'libraries', list: 'opt/mw/libraries.json', ...tree },
        ],
      },
      {
        role: 'server',
        compression: 'gzip',
        sources: [
          { kind: 'node', path: 'opt/mw/node' },
          { kind: 'tree', path: 'opt/mw/program', ...tree },
        ],
      },
      {
        role: 'environment',
        compression: 'gzip',
        sources: [{ kind: 'text', path: 'opt/mw/lock', text: 'numpy==2\n' }],
      },
      { role: 'model', compression: 'none', sources: [{ kind: 'artifact', path: 'opt/mw/model/model.onnx', digest }] },
    ],
    config: {
      env: ['MW_MODEL=/opt/mw/model/model.onnx'],
      entrypoint: ['/opt/mw/node', '/opt/mw/program/dist/serve.js'],
      cmd: [],
      workingDir: '/home/millwright',
      ports: [8080],
      labels: { 'millwright.base': 'minimal' },
    },
    ...changes,
  };
}

/** Without Node and its libraries: quick, for what does not run the image. */
function smallPlan(model: Uint8Array, version = 1): ImagePlan {
  const plan = planOf(model, version);
  const light = plan.layers.map((layer) => ({
    ...layer,
    sources: layer.sources.filter(({ kind }) => kind !== 'node' && kind !== 'libraries' && kind !== 'skeleton'),
  }));
  return { ...plan, layers: light };
}

beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'mw-image-'));
  root = join(home, 'program');
  makeProgram(root);
});
afterAll(() => rmSync(home, { recursive: true, force: true }));
beforeEach(() => blobs.clear());

describe('tar', () => {
  it('is read by tar with long, odd and Korean names, sorted by bytes, parents first', async () => {
    const long = `${'d'.repeat(90)}/${'e'.repeat(90)}/${'f'.repeat(120)}`;
    const names = ['b/é.txt', 'b.txt', 'a b', '모델.onnx', long, `${'p'.repeat(120)}/x`];
    const archive = await all(tar(arrange([...names.map((name) => entry(name)), folder('tmp', 0o1777)])));
    expect(archive.length % 512).toBe(0);
    const out = mkdtempSync(join(home, 'tar-'));
    execFileSync('tar', ['-x', '-C', out], { input: archive });
    for (const name of names) expect(readFileSync(join(out, name), 'utf8')).toBe(name);
    const listed = execFileSync('tar', ['-tv', '--numeric-owner', '--utc', '--full-time', '--quoting-style=literal'], {
      input: archive,
      encoding: 'utf8',
    })
      .trim()
      .split('\n');
    expect(listed.every((line) => line.includes('0/0') && line.includes('1980-01-01 00:00:00'))).toBe(true);
    const paths = listed.map((line) => line.slice(line.indexOf('00:00:00') + 9).replace(/\/$/, ''));
    expect(paths.map((path) => Buffer.from(path).toString('hex'))).toEqual(
      paths.map((path) => Buffer.from(path).toString('hex')).toSorted(),
    );
    expect(paths).toContain('b');
  });

  it('refuses names that climb, hide others or come twice', () => {
    for (const path of ['../x', 'a/../b', '/etc', 'a//b', '.wh.x', '']) {
      expect(() => arrange([entry(path)])).toThrow(expect.objectContaining({ code: 'MW-PATH' }));
    }
    expect(() => arrange([entry('a'), entry('a')])).toThrow(expect.objectContaining({ code: 'MW-PATH' }));
    expect(() => arrange([folder('a'), folder('a')])).not.toThrow();
  });

  it('does not hide that a file changed under it', async () => {
    const grown = { ...entry('a', 'abc'), size: 2 };
    await expect(all(tar([grown]))).rejects.toMatchObject({ code: 'MW-CONFLICT' });
  });

  it('gzip: the same bytes however the input is cut', async () => {
    const data = Buffer.from(Array.from({ length: 300_000 }, (_, i) => (i * 7919) % 251));
    const cut = async function* (size: number): AsyncIterable<Uint8Array> {
      for (let at = 0; at < data.length; at += size) yield data.subarray(at, at + size);
    };
    const whole = await all(gzip(once(data)));
    expect(gunzipSync(whole).equals(data)).toBe(true);
    expect((await all(gzip(cut(1_000)))).equals(whole)).toBe(true);
    expect(gunzipSync(await all(gzip(cut(Infinity)))).equals(data)).toBe(true);
  });
});

describe('layout', () => {
  it('is equal from another folder, umask and time zone, and holds what its digests say', async () => {
    const model = Buffer.from('weights');
    const first = join(home, 'first');
    const one = await createImageLayout({ folder: first, artifacts }).write(smallPlan(model));
    const moved = join(home, 'moved');
    const before = process.umask(0o077);
    const zone = process.env['TZ'];
    process.env['TZ'] = 'Asia/Seoul';
    try {
      makeProgram(moved);
      const old = root;
      root = moved;
      const two = await createImageLayout({ folder: join(home, 'second'), artifacts }).write(smallPlan(model));
      root = old;
      expect(two).toEqual(one);
    } finally {
      process.umask(before);
      if (zone === undefined) delete process.env['TZ'];
      else process.env['TZ'] = zone;
    }
    for (const layer of [...one.layers, { digest: one.digest }, { digest: one.configDigest }]) {
      const path = join(first, 'blobs/sha256', layer.digest.slice(7));
      expect(sha256(readFileSync(path))).toBe(layer.digest);
    }
    expect(one.layers.map((layer) => layer.role)).toEqual(['base', 'server', 'environment', 'model']);
    expect(
      (await createImageLayout({ folder: join(home, 'third'), artifacts }).write(smallPlan(Buffer.from('others'))))
        .digest,
    ).not.toBe(one.digest);
  });

  it('keeps layers between versions, all of them in one index, and writes a lost one again', async () => {
    const path = join(home, 'versions');
    const images = createImageLayout({ folder: path, artifacts });
    const [one, two] = await Promise.all([
      images.write(smallPlan(Buffer.from('one'), 1)),
      images.write(smallPlan(Buffer.from('two'), 2)),
    ]);
    expect(two.layers.slice(0, 3)).toEqual(one.layers.slice(0, 3));
    expect(two.layers[3]).not.toEqual(one.layers[3]);
    expect(await images.list()).toEqual([
      { reference: 'flights:1', digest: one.digest },
      { reference: 'flights:2', digest: two.digest },
    ]);
    const server = join(path, 'blobs/sha256', one.layers[1]?.digest.slice(7) ?? '');
    rmSync(server);
    writeFileSync(join(path, 'layers.json'), '{ damaged');
    expect(await createImageLayout({ folder: path, artifacts }).write(smallPlan(Buffer.from('one'), 1))).toEqual(one);
    expect(statSync(server).size).toBe(one.layers[1]?.bytes);
    expect(await images.list()).toHaveLength(2);
  });

  it('removes an image with the blobs that no other one has, and counts what that frees', async () => {
    const path = join(home, 'removed');
    const images = createImageLayout({ folder: path, artifacts });
    const one = await images.write(smallPlan(Buffer.from('one'), 1));
    const two = await images.write(smallPlan(Buffer.from('two'), 2));
    const stored = (): number =>
      readdirSync(join(path, 'blobs/sha256'))
        .map((name) => statSync(join(path, 'blobs/sha256', name)).size)
        .reduce((sum, size) => sum + size, 0);
    const before = stored();
    const freed = await images.remove([one.digest, `sha256:${'0'.repeat(64)}`], [two.digest]);
    expect(freed).toBeGreaterThan(0);
    expect(before - stored()).toBe(freed);
    expect(await images.list()).toEqual([{ reference: 'flights:2', digest: two.digest }]);
    for (const layer of two.layers) {
      expect(statSync(join(path, 'blobs/sha256', layer.digest.slice(7))).size).toBe(layer.bytes);
    }
    expect(await images.remove([one.digest], [])).toBe(0);
  });

  it('says what is missing', async () => {
    const images = createImageLayout({ folder: join(home, 'missing'), artifacts });
    const plan = smallPlan(Buffer.from('gone'));
    blobs.clear();
    await expect(images.write(plan)).rejects.toMatchObject({ code: 'MW-NOT-FOUND' });
    await expect(images.write({ ...smallPlan(Buffer.from('x')), base: join(home, 'nowhere') })).rejects.toMatchObject({
      code: 'MW-CONFIG-VALUE',
    });
    expect(await images.list()).toEqual([]);
  });

  it('builds upon a layout that is given', async () => {
    const base = join(home, 'base');
    const below = await createImageLayout({ folder: base, artifacts }).write(smallPlan(Buffer.from('below')));
    const plan = { ...planOf(Buffer.from('above')), base };
    const images = createImageLayout({ folder: join(home, 'above'), artifacts });
    const own = { ...plan, layers: plan.layers.slice(3) };
    const above = await images.write(own);
    expect(above.layers.map((layer) => layer.digest).slice(0, 4)).toEqual(below.layers.map((layer) => layer.digest));
    expect(above.layers.at(-1)?.role).toBe('model');
  });
});

it('packs the packages that a program needs, and no other platform', async () => {
  const files = await programFiles(process.cwd(), ['package.json'], ['onnxruntime-node']);
  expect(files).toContain('package.json');
  expect(files.some((path) => path.startsWith('node_modules/onnxruntime-common/'))).toBe(true);
  const native = files.filter((path) => path.includes('/bin/napi-v'));
  expect(native.length).toBeGreaterThan(0);
  expect(native.every((path) => path.includes(`/linux/${process.arch}/`))).toBe(true);
  expect(files.some((path) => path.startsWith('node_modules/vitest/'))).toBe(false);
  await expect(programFiles(process.cwd(), [], ['no-such-package'])).rejects.toMatchObject({ code: 'MW-NOT-FOUND' });
});

describe.runIf(foreign)('read by other tools', () => {
  it('skopeo inspects it, umoci unpacks it, and its Node runs in there alone', async () => {
    const path = join(home, 'whole');
    const model = Buffer.from('the weights');
    const images = createImageLayout({ folder: path, artifacts });
    const image = await images.write(planOf(model));
    const seen: unknown = JSON.parse(
      execFileSync('skopeo', ['inspect', `oci:${path}:flights:1`], { encoding: 'utf8' }),
    );
    expect(seen).toMatchObject({ Digest: image.digest, Os: 'linux', Labels: { 'millwright.base': 'minimal' } });

    const started = performance.now();
    const second = await images.write(planOf(Buffer.from('other weights'), 2));
    expect(second.layers.slice(0, 3)).toEqual(image.layers.slice(0, 3));
    expect(performance.now() - started).toBeLessThan(5_000);

    const copy = join(home, 'copied');
    execFileSync('skopeo', ['copy', '-q', `oci:${path}:flights:1`, `oci:${copy}:tagged`]);
    const bundle = join(home, 'bundle');
    const asRoot = process.getuid?.() === 0;
    execFileSync('umoci', ['unpack', ...(asRoot ? [] : ['--rootless']), '--image', `${copy}:tagged`, bundle]);
    const files = join(bundle, 'rootfs');
    expect(readFileSync(join(files, 'opt/mw/model/model.onnx'))).toEqual(model);
    expect(readFileSync(join(files, 'opt/mw/program/dist/link.js'))).toEqual(readFileSync(join(root, 'dist/serve.js')));
    expect(statSync(join(files, 'opt/mw/program/dist/deep/tool.sh')).mode & 0o777).toBe(0o755);
    expect(statSync(join(files, 'opt/mw/node')).size).toBe(statSync(process.execPath).size);
    if (!asRoot) {
      console.warn('NOT RUN: the unpacked image in a chroot (needs root)');
      return;
    }
    expect(statSync(join(files, 'home/millwright')).uid).toBe(65_532);
    const inside = (...argv: string[]): string =>
      execFileSync('chroot', ['--userspec=65532:65532', files, ...argv], {
        encoding: 'utf8',
        env: { PATH: process.env['PATH'] ?? '/usr/sbin:/usr/bin', MW_MODEL: '/m' },
      });
    expect(inside('/opt/mw/node', '--version').trim()).toBe(process.version);
    expect(inside('/opt/mw/node', '/opt/mw/program/dist/serve.js')).toBe('served /m');
  });
});
