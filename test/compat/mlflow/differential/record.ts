/**
 * Takes down the answers of a real MLflow server. It takes minutes and needs the real server, so its answers are kept:
 *
 *   mlflow server --port 5911 --backend-store-uri sqlite:///ref.db --artifacts-destination art --workers 1   (a new, empty folder)
 *   node test/compat/mlflow/differential/record.ts http://127.0.0.1:5911
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { playAll } from './play.ts';

const [url = ''] = process.argv.slice(2);
const mlflow = (await (await fetch(new URL('/version', url))).text()).trim();
const answers = await playAll(url);
const lines = [{ mlflow }, ...answers].map((one) => JSON.stringify(one));
await writeFile(join(import.meta.dirname, `recorded-${mlflow}.jsonl`), `${lines.join('\n')}\n`);
console.log(`${answers.length} answers of mlflow ${mlflow}`);
