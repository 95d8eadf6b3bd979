import type { ModelSignature } from '../../api/types.ts';
import { isWide, type Row } from './playground-fields.ts';

export const LANGUAGES = ['curl', 'Python', 'TypeScript'] as const;
export type Language = (typeof LANGUAGES)[number];

/** The V2 request of these rows, as every client sends it. */
function v2Request(signature: ModelSignature, rows: readonly Row[]): object {
  return {
    inputs: signature.inputs
      .filter((one) => !isWide(one.shape))
      .map((one) => ({
        name: one.name,
        datatype: one.datatype,
        shape: one.shape.length > 1 ? [rows.length, 1] : [rows.length],
        data: rows.map((row) => row[one.name] ?? null),
      })),
  };
}

/** One input a line: a request of twenty inputs stays readable. */
function bodyText(request: object): string {
  const inputs = (request as { inputs: readonly object[] }).inputs;
  return `{\n  "inputs": [\n${inputs.map((one) => `    ${JSON.stringify(one)}`).join(',\n')}\n  ]\n}`;
}

const pythonWord: Readonly<Record<string, string>> = { true: 'True', false: 'False', null: 'None' };
/** JSON as Python: only the three words outside of texts differ. */
const python = (json: string): string =>
  json.replace(/"(?:[^"\\]|\\.)*"|\btrue\b|\bfalse\b|\bnull\b/g, (part) => pythonWord[part] ?? part);

/** A program that asks the same: nothing to install. `token`: the data plane asks for one. */
export function snippet(
  language: Language,
  url: string,
  signature: ModelSignature,
  rows: readonly Row[],
  token: boolean,
): string {
  const body = bodyText(v2Request(signature, rows));
  switch (language) {
    case 'curl':
      return [
        `curl -s '${url}' \\`,
        `  -H 'content-type: application/json' \\`,
        ...(token ? [`  -H "authorization: Bearer $MW_TOKEN" \\`] : []),
        `  -d '${body.replaceAll("'", String.raw`'\''`)}'`,
      ].join('\n');
    case 'Python':
      return [
        `import json${token ? ', os' : ''}, urllib.request`,
        '',
        `body = ${python(body)}`,
        `request = urllib.request.Request(`,
        `    "${url}",`,
        `    json.dumps(body).encode(),`,
        `    {"content-type": "application/json"${token ? `, "authorization": "Bearer " + os.environ["MW_TOKEN"]` : ''}},`,
        `)`,
        `answer = json.load(urllib.request.urlopen(request))`,
        `print(answer["outputs"][-1]["data"], answer["id"])`,
      ].join('\n');
    case 'TypeScript':
      return [
        `const body = ${body};`,
        `const response = await fetch('${url}', {`,
        `  method: 'POST',`,
        `  headers: { 'content-type': 'application/json'${token ? `, authorization: \`Bearer \${process.env.MW_TOKEN}\`` : ''} },`,
        `  body: JSON.stringify(body),`,
        `});`,
        `const answer = await response.json();`,
        `console.log(answer.outputs.at(-1).data, answer.id);`,
      ].join('\n');
  }
}
