import autocannon from 'autocannon';
import { bodyFor, startGateway } from './serving/subjects.ts';
const model = process.argv[2] ?? '';
const g = await startGateway(model, 2, [new URL('../src/app/gateway.ts', import.meta.url).pathname]);
try {
  const bin = (rows: number) => { const head = Buffer.from(JSON.stringify({ inputs: [{ name: 'X', datatype: 'FP32', shape: [rows, 20], parameters: { binary_data_size: rows * 80 } }], outputs:[{name:'probabilities',parameters:{binary_data:true}}] })); const raw = Buffer.from(Float32Array.from({ length: rows * 20 }, (_, i) => Math.sin(i)).buffer); return { body: Buffer.concat([head, raw]), headers: { 'inference-header-content-length': String(head.length), 'content-type': 'application/octet-stream' } }; };
  const post = async (b: any, h: any) => { const t = performance.now(); const r = await fetch(g.url, { method: 'POST', body: b, headers: h }); const buf = await r.arrayBuffer(); return [r.status, buf.byteLength, performance.now() - t, r.status !== 200 ? new TextDecoder().decode(buf).slice(0, 200) : '', r.headers.get('retry-after')]; };
  const one = bodyFor(g.signature, 1);
  for (const n of [1, 100, 1000, 1000, 10000, 100000]) { const b = bin(n); console.log(n, await post(b.body, b.headers)); }
  const b = bin(100000); let over = false; const big = post(b.body, b.headers).finally(() => (over = true)); const lat: number[] = [];
  while (!over) { const r = await post(one, { 'content-type': 'application/json' }); lat.push(r[2] as number); }
  console.log('big', await big, 'small meanwhile', lat.length, 'max', Math.max(...lat).toFixed(1), 'median', lat.sort((a, c) => a - c)[lat.length >> 1]?.toFixed(1));
  const th = bin(1000);
  const r = await autocannon({ url: g.url, method: 'POST', body: th.body, headers: th.headers, connections: 8, duration: 3 });
  console.log('1000 rows binary', r.requests.average * 1000, 'rows/s', r.latency.p99, r.non2xx);
  const m = await (await fetch(new URL('/metrics', g.url))).text(); console.log(m.split('\n').filter((l) => /replica|cost|shed|restart|batch_rows_(sum|count)|queue_waiting/.test(l) && !l.startsWith('#')).join('\n'));
} finally { await g.stop(); }
