/** Where the parts of this installation are, from source and from dist alike. */
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(import.meta.url);
/** `.ts` when run from source, `.js` from dist. */
const extension = here.slice(here.lastIndexOf('.'));
const program = dirname(dirname(here));

export const packageRoot = (): string => dirname(program);
export const mainFile = (): string => join(program, `main${extension}`);
export const gatewayFile = (): string => join(program, 'app', `gateway${extension}`);
export const pythonFolder = (): string => join(packageRoot(), 'python');
export const uiFolder = (): string => join(packageRoot(), 'ui', 'dist');
