import { describe, expect, it } from 'vitest';
import { createMlflowSender } from './mlflow-sender.ts';

const names: Readonly<Record<string, readonly string[]>> = {
  'public.example': ['93.184.216.34'],
  'inside.example': ['10.0.0.5'],
  'both.example': ['93.184.216.34', '127.0.0.1'],
};
const resolve = async (host: string) => (names[host] ?? []).map((address) => ({ address, family: 4 }));

describe('where a webhook may go', () => {
  const sender = createMlflowSender({ allowPrivate: false, resolve });

  it('takes https to public addresses', async () => {
    await sender.check('https://public.example/hook?key=1');
    await sender.check('https://93.184.216.34:8443/hook');
  });

  it.each([
    'http://public.example/x',
    'ftp://public.example/x',
    'file:///etc/passwd',
    'abc',
    'https://',
    'https://user:password@public.example/x',
    'https://inside.example/x',
    'https://both.example/x',
    'https://unknown.example/x',
    'https://127.0.0.1/x',
    'https://2130706433/x',
    'https://0x7f.1/x',
    'https://[::1]/x',
    'https://[::ffff:10.0.0.1]/x',
    'https://169.254.169.254/latest/meta-data',
  ])('refuses %s', async (url) => {
    await expect(sender.check(url)).rejects.toThrow(expect.objectContaining({ code: 'MW-INVALID' }));
  });

  it('judges the address again when it sends: a name may lead elsewhere by then', async () => {
    let address = '93.184.216.34';
    const moving = createMlflowSender({ allowPrivate: false, resolve: async () => [{ address, family: 4 }] });
    await moving.check('https://moving.example/x');
    address = '127.0.0.1';
    const call = moving.send({ url: 'https://moving.example/x', deliveryId: 'd', body: '{}' });
    await expect(call).rejects.toThrow(expect.objectContaining({ code: 'MW-FORBIDDEN' }));
  });

  it('takes http and private addresses where the operator allows them', async () => {
    const open = createMlflowSender({ allowPrivate: true, resolve });
    await open.check('http://127.0.0.1:9000/x');
    await expect(open.check('ftp://127.0.0.1/x')).rejects.toThrow(expect.objectContaining({ code: 'MW-INVALID' }));
  });
});
