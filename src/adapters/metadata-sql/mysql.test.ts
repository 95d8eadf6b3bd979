/** The contracts of the metadata store on a real MariaDB. */
import { startMariadb } from '../../../test/databases/real-databases.ts';
import { serverCases } from '../../../test/databases/server-cases.ts';

const server = await startMariadb();
if (server === undefined) {
  console.log('NOT RUN: metadata on MariaDB; install it: apt-get install -y --no-install-recommends mariadb-server');
}
serverCases('mysql', server);
