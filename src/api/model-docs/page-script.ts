/** The playground's script, as the browser gets it: no library, nothing from elsewhere. What the model says is put in as text, never as markup. */
export const SCRIPT = `const name = decodeURIComponent(location.pathname.split('/').at(-2));
const KEY = 'mw-token';
const LIMIT_MS = 30000;
const TEXTS = {
  en: {
    title: 'Playground', takes: (n, v, i, o) => [['', 'Version '], ['b', String(v)], ['', ' of '], ['b', n], ['', ' takes ' + i + (i === 1 ? ' input' : ' inputs') + ' and answers with '], ['b', o], ['', '.']],
    real: 'Filled in with a row that it has seen. Change it and send it.', zeros: 'No row is known yet, so the fields hold zeros.',
    input: 'Input', inputs: 'one row', send: 'Send', sending: 'Sending…', answer: 'Answer', none: 'Not asked yet.', again: 'Reset',
    ms: 'ms there and back', version: 'version', prediction: 'prediction', copy: 'Copy', copied: 'Copied', use: 'From your program', more: 'For programs',
    openapi: 'OpenAPI 3.1', client: 'typed client', metadata: 'metadata', token: 'This service asks for a bearer token.', open: 'Open', lang: '한국어', dark: 'Dark', light: 'Light',
    number: 'not a number', integer: 'not a whole number', list: 'not a list in JSON', gone: 'No answer came: is the service still running?', missing: 'missing', text: 'text', optional: 'optional', unknown: 'There is no such model here.',
  },
  ko: {
    title: '시험해 보기', takes: (n, v, i, o) => [['b', n], ['', ' 버전 '], ['b', String(v)], ['', '은(는) 입력 ' + i + '개를 받아 '], ['b', o], ['', '을(를) 돌려줍니다.']],
    real: '실제로 본 행으로 채워 두었습니다. 바꾸어 보내 보세요.', zeros: '아직 알려진 행이 없어 0으로 채웠습니다.',
    input: '입력', inputs: '한 행', send: '보내기', sending: '보내는 중…', answer: '답', none: '아직 묻지 않았습니다.', again: '처음 값으로',
    ms: 'ms 왕복', version: '버전', prediction: '예측', copy: '복사', copied: '복사됨', use: '프로그램에서 쓰기', more: '프로그램용 자료',
    openapi: 'OpenAPI 3.1', client: '형이 있는 클라이언트', metadata: '메타데이터', token: '이 서비스는 토큰(bearer)이 필요합니다.', open: '열기', lang: 'English', dark: '어둡게', light: '밝게',
    number: '숫자가 아닙니다', integer: '정수가 아닙니다', list: 'JSON 목록이 아닙니다', gone: '답이 없습니다. 서비스가 실행 중인가요?', missing: '없음', text: '글', optional: '선택', unknown: '그런 모델이 없습니다.',
  },
};
const stored = (key) => { try { return sessionStorage.getItem(key); } catch { return null; } };
const store = (key, value) => { try { sessionStorage.setItem(key, value); } catch { /* Private windows have none. */ } };
const asked = new URLSearchParams(location.search).get('lang') ?? stored('mw-lang') ?? navigator.language;
let lang = asked.startsWith('ko') ? 'ko' : 'en';
let model;
let values = {};
let last;
let tab = 'curl';
const t = () => TEXTS[lang];
const main = document.getElementById('main');

function el(tag, attributes, ...children) {
  const node = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes ?? {})) {
    if (key.startsWith('on')) node.addEventListener(key.slice(2), value);
    else if (value !== undefined && value !== false) node.setAttribute(key, value === true ? '' : value);
  }
  node.append(...children.filter((child) => child !== undefined));
  return node;
}
const head = () => { const token = stored(KEY); return token === null ? {} : { authorization: 'Bearer ' + token }; };

/** What a field's text means; an Error says why it means nothing. */
function cell(field, text) {
  if (field.size.length > 0) {
    try { const found = JSON.parse(text); if (Array.isArray(found)) return found; } catch { /* Told below. */ }
    return new Error(t().list);
  }
  if (field.kind === 'text') return text;
  if (field.kind === 'boolean') return text === 'true';
  if (text.trim() === '' && field.kind === 'number') return null;
  const number = Number(text);
  if (text.trim() === '' || Number.isNaN(number)) return new Error(t().number);
  return field.kind === 'integer' && !Number.isInteger(number) ? new Error(t().integer) : number;
}
const shown = (field, value) => (value === null || value === undefined ? '' : field.size.length > 0 ? JSON.stringify(value) : String(value));
function row() {
  const found = {};
  for (const field of model.inputs) {
    if (field.optional && values[field.name] === '') continue;
    const value = cell(field, values[field.name]);
    found[field.name] = value instanceof Error ? null : value;
  }
  return found;
}

const python = (value) => JSON.stringify(value, null, 4).replace(/"(?:[^"\\\\]|\\\\.)*"|\\btrue\\b|\\bfalse\\b|\\bnull\\b/g, (part) => ({ true: 'True', false: 'False', null: 'None' })[part] ?? part);
function snippet(kind) {
  const base = location.origin;
  const path = '/v2/models/' + encodeURIComponent(name);
  const file = name.replace(/\\W+/g, '_').replace(/^(?=\\d)/, '_');
  const token = stored(KEY) === null ? '' : " -H 'authorization: Bearer $MW_TOKEN'";
  const body = JSON.stringify({ dataframe_records: [row()] }).replaceAll("'", "'\\\\''");
  if (kind === 'curl') return "curl -s '" + base + '/endpoints/' + encodeURIComponent(name) + "/invocations' \\\\\\n  -H 'content-type: application/json'" + token + " \\\\\\n  -d '" + body + "'";
  if (kind === 'Python') return "# curl -s '" + base + path + "/client.py'" + token + ' > ' + file + '.py\\nfrom ' + file + ' import Client\\n\\nanswer = Client(' + (token === '' ? '' : 'token=…') + ').predict_one(' + python(row()) + ')\\nprint(answer.prediction, answer.id)';
  return "// curl -s '" + base + path + "/client.ts'" + token + ' > ' + file + ".ts\\nimport { createClient } from './" + file + ".ts';\\n\\nconst answer = await createClient(" + (token === '' ? '' : '{ token: … }') + ').predictOne(' + JSON.stringify(row(), null, 2) + ');\\nconsole.log(answer.prediction, answer.id);';
}

function field(one, index) {
  const id = 'f' + index;
  const change = (event) => {
    values[one.name] = event.target.value;
    const bad = cell(one, event.target.value);
    mark(one.name, bad instanceof Error ? bad.message : undefined);
    code();
  };
  const options = model.choices[one.name] ?? [];
  const wide = one.size.length > 0;
  const common = { id, name: one.name, oninput: change, autocomplete: 'off', spellcheck: 'false' };
  let input;
  if (one.kind === 'boolean' && !wide) {
    input = el('select', common, ...['true', 'false'].map((value) => el('option', { value }, value)));
  } else if (wide) input = el('textarea', { ...common, rows: '2' });
  else {
    input = el('input', { ...common, type: 'text', inputmode: one.kind === 'text' ? undefined : 'decimal', list: options.length > 0 ? id + 'c' : undefined, placeholder: one.kind === 'number' ? t().missing : undefined });
  }
  input.value = values[one.name];
  const size = wide ? '[' + one.size.map((n) => (n === -1 ? '…' : n)).join(', ') + ']' : '';
  const list = options.length > 0 ? el('datalist', { id: id + 'c' }, ...options.map((value) => el('option', { value }))) : undefined;
  return el('div', { class: 'field' }, el('label', { for: id }, one.name, el('small', {}, (one.content ?? (one.kind === 'text' ? t().text : one.datatype)) + size + (one.optional ? ', ' + t().optional : ''))), input, list);
}
function mark(column, why) {
  const input = [...main.querySelectorAll('.field [name]')].find((one) => one.name === column);
  if (input === undefined) return;
  input.parentElement.querySelector('.why')?.remove();
  if (why === undefined) { input.removeAttribute('aria-invalid'); input.removeAttribute('aria-describedby'); return; }
  input.setAttribute('aria-invalid', 'true');
  const id = input.id + 'w';
  input.setAttribute('aria-describedby', id);
  input.parentElement.append(el('span', { class: 'why', id }, why));
}

const number = (value) => (typeof value === 'number' ? (Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(6)))) : Array.isArray(value) ? '[' + value.map(number).join(', ') + ']' : value === null ? t().missing : String(value));
function octagon() {
  const space = 'http://www.w3.org/2000/svg';
  const svg = document.createElementNS(space, 'svg');
  for (const [key, value] of Object.entries({ width: 12, height: 12, viewBox: '0 0 12 12', 'aria-hidden': 'true' })) svg.setAttribute(key, value);
  const path = document.createElementNS(space, 'path');
  path.setAttribute('fill', 'currentColor');
  path.setAttribute('d', 'M3.5 0h5L12 3.5v5L8.5 12h-5L0 8.5v-5z');
  svg.append(path);
  return svg;
}
function answerPart() {
  if (last === undefined) return el('p', { class: 'empty' }, t().none);
  if (last.error !== undefined) return el('p', { class: 'failed', role: 'alert' }, octagon(), el('span', {}, last.error));
  const outputs = model.outputs.map((one) => [one.name, model.outputs.length === 1 ? last.prediction : last.prediction[one.name]]);
  const copy = copyButton(() => last.id, 'quiet');
  return el('div', {}, el('dl', { class: 'answer' }, ...outputs.map(([key, value]) => el('div', {}, el('dt', {}, key), el('dd', {}, number(value))))),
    el('p', { class: 'facts' }, el('span', {}, last.ms.toFixed(1) + ' ' + t().ms), el('span', {}, t().version + ' ' + last.version), el('span', {}, t().prediction + ' ', el('code', {}, last.id)), copy));
}
function copyButton(text, kind) {
  return el('button', { type: 'button', class: kind, onclick: async (event) => {
    const button = event.currentTarget;
    await navigator.clipboard.writeText(text());
    button.textContent = t().copied;
    setTimeout(() => { button.textContent = t().copy; }, 2000);
  } }, t().copy);
}
function code() {
  const pre = document.getElementById('code');
  if (pre !== null) pre.textContent = snippet(tab);
}
function choose(kind) {
  tab = kind;
  for (const one of main.querySelectorAll('[role="tab"]')) {
    const on = one.id === 'tab-' + kind;
    one.setAttribute('aria-selected', String(on));
    one.tabIndex = on ? 0 : -1;
    if (on) document.getElementById('panel').setAttribute('aria-labelledby', one.id);
  }
  code();
}

async function send(event) {
  event?.preventDefault();
  const wrong = model.inputs.find((one) => !(one.optional && values[one.name] === '') && cell(one, values[one.name]) instanceof Error);
  if (wrong !== undefined) {
    mark(wrong.name, cell(wrong, values[wrong.name]).message);
    main.querySelector('[aria-invalid="true"]')?.focus();
    return;
  }
  for (const one of model.inputs) mark(one.name, undefined);
  const button = document.getElementById('send');
  button.textContent = t().sending;
  const startedAt = performance.now();
  try {
    const answer = await fetch('/endpoints/' + encodeURIComponent(name) + '/invocations', { method: 'POST', headers: { 'content-type': 'application/json', ...head() }, body: JSON.stringify({ dataframe_records: [row()] }), signal: AbortSignal.timeout(LIMIT_MS) });
    const text = await answer.text();
    const ms = performance.now() - startedAt;
    if (answer.ok) last = { prediction: JSON.parse(text).predictions[0], ms, version: answer.headers.get('mw-model-version'), id: answer.headers.get('mw-prediction-id') + '/0' };
    else {
      let message = text;
      try { message = JSON.parse(text).message ?? text; } catch { /* As it stands. */ }
      last = { error: message };
      const column = model.inputs.find((one) => message.includes('"' + one.name + '"'));
      if (column !== undefined) mark(column.name, message.replace(/^MW-[A-Z-]+: /, '').replace(/ \\(at .*$/, ''));
    }
  } catch {
    last = { error: t().gone };
  }
  button.textContent = t().send;
  document.getElementById('answer').replaceChildren(answerPart());
}

function reset() {
  values = Object.fromEntries(model.inputs.map((one) => [one.name, shown(one, model.row[one.name])]));
}
function draw() {
  document.documentElement.lang = lang;
  document.title = name + ' · ' + t().title + ' · Millwright';
  document.getElementById('place').textContent = name;
  document.getElementById('language').textContent = t().lang;
  themeText();
  const outputs = model.outputs.map((one) => one.name).join(', ');
  const h1 = el('h1', {}, ...t().takes(name, model.version, model.inputs.length, outputs).map(([tag, text]) => (tag === '' ? text : el(tag, {}, text))));
  const form = el('form', { onsubmit: send, novalidate: true }, ...model.inputs.map(field),
    el('div', { class: 'send' }, el('button', { id: 'send', class: 'primary', type: 'submit' }, t().send), el('button', { type: 'button', onclick: () => { reset(); draw(); } }, t().again), el('kbd', {}, /Mac/.test(navigator.platform) ? '⌘↵' : 'Ctrl ↵')));
  const tabs = ['curl', 'Python', 'TypeScript'];
  const step = (event) => {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (by === undefined) return;
    choose(tabs[(tabs.indexOf(tab) + by + tabs.length) % tabs.length]);
    document.getElementById('tab-' + tab).focus();
  };
  const link = (href, text, ...more) => el('li', {}, el('a', { href }, text), ...more);
  main.replaceChildren(h1, el('p', { class: 'lede' }, model.real ? t().real : t().zeros),
    el('section', { class: 'first' }, el('h2', {}, t().input, el('small', {}, t().inputs)), form),
    el('div', {},
      el('section', { class: 'first' }, el('h2', {}, t().answer), el('div', { id: 'answer', 'aria-live': 'polite' }, answerPart())),
      el('section', {}, el('h2', {}, t().use),
        el('div', { role: 'tablist', 'aria-label': t().use, onkeydown: step }, ...tabs.map((one) => el('button', { role: 'tab', type: 'button', id: 'tab-' + one, 'aria-controls': 'panel', onclick: () => choose(one) }, one))),
        el('div', { class: 'code', id: 'panel', role: 'tabpanel' }, el('pre', { id: 'code', tabindex: '0' }), copyButton(() => snippet(tab)))),
      el('section', {}, el('h2', {}, t().more), el('ul', { class: 'links' }, link('openapi.json', t().openapi), link('client.ts', 'TypeScript', ' ' + t().client), link('client.py', 'Python', ' ' + t().client), link('../' + encodeURIComponent(name), t().metadata)))));
  main.removeAttribute('aria-busy');
  choose(tab);
}
function askToken() {
  const input = el('input', { type: 'password', 'aria-label': 'Token', autocomplete: 'off' });
  main.replaceChildren(el('h1', {}, t().token), el('form', { class: 'token', onsubmit: (event) => { event.preventDefault(); store(KEY, input.value); void load(); } }, input, el('button', { class: 'primary', type: 'submit' }, t().open)));
  main.removeAttribute('aria-busy');
  input.focus();
}
function failed(text) {
  main.replaceChildren(el('h1', {}, text));
  main.removeAttribute('aria-busy');
}
async function load() {
  try {
    const answer = await fetch('docs.json', { headers: head() });
    if (answer.status === 401) { askToken(); return; }
    if (!answer.ok) { failed(t().unknown); return; }
    model = await answer.json();
  } catch {
    failed(t().gone);
    return;
  }
  reset();
  draw();
}
const dark = () => (document.documentElement.dataset.theme ?? (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light')) === 'dark';
function themeText() {
  document.getElementById('theme').textContent = dark() ? t().light : t().dark;
}
document.getElementById('theme').addEventListener('click', () => {
  document.documentElement.dataset.theme = dark() ? 'light' : 'dark';
  store('mw-theme', document.documentElement.dataset.theme);
  themeText();
});
document.getElementById('language').addEventListener('click', () => {
  lang = lang === 'ko' ? 'en' : 'ko';
  store('mw-lang', lang);
  if (model !== undefined) draw();
});
document.addEventListener('keydown', (event) => {
  if (event.key === 'Enter' && (event.ctrlKey || event.metaKey) && model !== undefined) void send(event);
});
const theme = new URLSearchParams(location.search).get('theme') ?? stored('mw-theme');
if (theme === 'dark' || theme === 'light') document.documentElement.dataset.theme = theme;
document.documentElement.lang = lang;
themeText();
void load();
`;
