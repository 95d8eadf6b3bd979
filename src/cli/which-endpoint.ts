/** The endpoint a command means: the one named, or the only one there is. */
import { MillwrightError } from '../domain/errors.ts';
import { type Api, unwrap } from './client/client.ts';

export async function whichEndpoint(client: Api, named: string | undefined): Promise<string> {
  if (named !== undefined) return named;
  const { projects } = await unwrap(client.GET('/api/v1/home'));
  const names = projects.flatMap((project) => (project.endpoint === undefined ? [] : [project.endpoint]));
  const [only] = names;
  if (only !== undefined && names.length === 1) return only;
  throw new MillwrightError(
    'MW-USAGE',
    names.length === 0 ? 'no project has an endpoint' : `which endpoint? There are ${names.join(', ')}`,
    {
      next: names.length === 0 ? 'add "endpoint: { name: … }" to millwright.yaml' : `mw deploy ${only ?? ''}`,
    },
  );
}
