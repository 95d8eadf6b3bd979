/** The language of a text file, by its name. */
const BY_EXTENSION: Readonly<Record<string, string>> = {
  py: 'python',
  r: 'r',
  sql: 'sql',
  sh: 'shell',
  bash: 'shell',
  js: 'javascript',
  ts: 'typescript',
  java: 'java',
  c: 'c',
  cpp: 'cpp',
  rs: 'rust',
  go: 'go',
  yaml: 'yaml',
  yml: 'yaml',
  json: 'json',
  jsonl: 'json',
  ipynb: 'json',
  toml: 'toml',
  ini: 'ini',
  cfg: 'ini',
  md: 'markdown',
  html: 'html',
  svg: 'xml',
  xml: 'xml',
  css: 'css',
  diff: 'diff',
  patch: 'diff',
  csv: 'csv',
  tsv: 'csv',
};
const BY_NAME: Readonly<Record<string, string>> = { MLmodel: 'yaml', Dockerfile: 'docker', Makefile: 'make' };

export function languageOf(path: string): string {
  const name = path.split('/').at(-1) ?? '';
  const extension = /\.([^.]+)$/.exec(name)?.[1]?.toLowerCase() ?? '';
  return BY_NAME[name] ?? BY_EXTENSION[extension] ?? 'text';
}
