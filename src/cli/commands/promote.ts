import { MillwrightError } from '../../domain/errors.ts';
import { unwrap } from '../client/client.ts';
import { type Flags, type Session, textFlag } from '../session.ts';

export async function run({ api, out }: Session, args: readonly string[], flags: Flags): Promise<void> {
  const [name = '', number = ''] = (args[0] ?? '').split('/');
  const version = Number(number.replace(/^v/, ''));
  if (name === '' || !Number.isInteger(version) || version < 1) {
    throw new MillwrightError('MW-USAGE', `"${args[0] ?? ''}" is not a model and version`, {
      next: 'mw promote flights/3',
    });
  }
  const alias = textFlag(flags, 'alias') ?? 'champion';
  const client = await api();
  await unwrap(
    client.POST('/api/v1/models/{name}/versions/{version}/promote', {
      params: { path: { name, version } },
      body: { alias },
    }),
  );
  out.result({ model: name, version, alias }, () => [
    `${alias} of ${name} is v${version}.`,
    out.paint.dim(`next: mw deploy ${name} --version ${version}`),
  ]);
}
