import { MillwrightError } from '../../domain/errors.ts';
import type { Role } from '../../domain/identity.ts';
import { unwrap } from '../client/client.ts';
import { safe, time } from '../output.ts';
import { type Flags, type Session, textFlag } from '../session.ts';

const ROLES: readonly Role[] = ['viewer', 'editor', 'admin', 'gateway'];

function named(name: string | undefined, action: string): string {
  if (name !== undefined && name !== '') return name;
  throw new MillwrightError('MW-USAGE', `mw token ${action} needs the name of a token`, {
    next: `mw token ${action} ci`,
  });
}

async function create({ api, out }: Session, name: string, flags: Flags): Promise<void> {
  const given = textFlag(flags, 'role') ?? 'viewer';
  const role = ROLES.find((one) => one === given);
  if (role === undefined) {
    throw new MillwrightError('MW-USAGE', `there is no role "${safe(given)}"`, {
      where: '--role',
      next: `use one of ${ROLES.join(', ')}`,
    });
  }
  const client = await api();
  const made = await unwrap(client.POST('/api/v1/tokens', { body: { name, role } }));
  const { required } = await unwrap(client.GET('/api/v1/tokens'));
  if (!required) out.note('this server asks for no token; start it with MILLWRIGHT_REQUIRE_TOKEN=1 for that');
  out.result(made, () => [
    made.text,
    out.paint.dim(`${role} "${safe(name)}". It is shown this once: MILLWRIGHT_TOKEN, or MLFLOW_TRACKING_TOKEN.`),
  ]);
}

async function list({ api, out }: Session): Promise<void> {
  const found = await unwrap((await api()).GET('/api/v1/tokens'));
  out.result(found, () =>
    found.tokens.length === 0
      ? ['No tokens. Make one: mw token create ci --role editor']
      : out.table(
          ['name', 'role', 'made', 'id'],
          found.tokens.map((token) => [safe(token.name), token.role, time(token.createdAt), token.id]),
        ),
  );
}

async function revoke({ api, out }: Session, name: string): Promise<void> {
  const done = await unwrap((await api()).DELETE('/api/v1/tokens/{id}', { params: { path: { id: name } } }));
  out.result(done, () => [`The token "${safe(name)}" opens nothing any more.`]);
}

export async function run(session: Session, args: readonly string[], flags: Flags): Promise<void> {
  const [action, name] = args;
  switch (action) {
    case 'create':
      return create(session, named(name, action), flags);
    case 'list':
      return list(session);
    case 'revoke':
      return revoke(session, named(name, action));
    default:
      throw new MillwrightError('MW-USAGE', `mw token knows create, list and revoke, not "${safe(action ?? '')}"`, {
        next: 'mw token --help',
      });
  }
}
