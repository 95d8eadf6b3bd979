/** The contracts of the metadata store on a real PostgreSQL. */
import { startPostgres } from '../../../test/databases/real-databases.ts';
import { serverCases } from '../../../test/databases/server-cases.ts';

const server = await startPostgres();
if (server === undefined) {
  console.log('NOT RUN: metadata on PostgreSQL; install it: apt-get install -y --no-install-recommends postgresql');
}
serverCases('postgres', server);
