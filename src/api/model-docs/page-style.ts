/** The playground's style. Colours and sizes are the design tokens' (ui/src/design/tokens.css); a test compares them. */
const LIGHT = `
  color-scheme: light;
  --bg: #ffffff; --bg-sunk: #f5f7f6; --bg-raise: #ffffff; --bg-hover: #f0f3f2;
  --ink: #12181a; --ink-2: #434d50; --ink-3: #5f696c;
  --line: #dfe4e3; --line-control: #7b8688;
  --action: #12181a; --on-action: #ffffff;
  --focus: #0b57d0; --ok: #0b7a4b; --fail: #c42a1b; --fail-wash: #fce9e6;`;
const DARK = `
  color-scheme: dark;
  --bg: #0f1314; --bg-sunk: #0a0d0e; --bg-raise: #181d1f; --bg-hover: #161b1d;
  --ink: #e9edec; --ink-2: #b1bbbb; --ink-3: #8d9899;
  --line: #232a2c; --line-control: #6e797b;
  --action: #e9edec; --on-action: #0f1314;
  --focus: #7db0ff; --ok: #4fc48c; --fail: #ff7a6b; --fail-wash: #321a17;`;

export const STYLE = `:root {${LIGHT}
  --font-sans: "Inter Variable", Inter, -apple-system, BlinkMacSystemFont, "Segoe UI", "Apple SD Gothic Neo", "Malgun Gothic", "Noto Sans KR", "Noto Sans CJK KR", Roboto, sans-serif;
  --font-mono: "JetBrains Mono", ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, "D2Coding", "Noto Sans Mono CJK KR", monospace;
}
@media (prefers-color-scheme: dark) { :root:not([data-theme="light"]) {${DARK} } }
:root[data-theme="dark"] {${DARK} }
* { box-sizing: border-box; }
body { margin: 0; background: var(--bg); color: var(--ink); font: 420 0.8125rem/1.5 var(--font-sans); font-variant-numeric: tabular-nums; }
:lang(ko) { word-break: keep-all; }
:focus-visible { outline: 2px solid var(--focus); outline-offset: 2px; }
header { display: flex; align-items: center; gap: 0.75rem; height: 3rem; padding: 0 max(2rem, calc((100vw - 76rem) / 2 + 2rem)); border-bottom: 1px solid var(--line); }
.mark { font-weight: 580; }
#place { color: var(--ink-3); font-family: var(--font-mono); font-size: 0.75rem; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.tools { margin-left: auto; display: flex; gap: 0.25rem; flex: none; }
main { max-width: 76rem; padding: 2rem; margin: 0 auto; display: grid; grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); gap: 2rem; align-items: start; }
h1 { grid-column: 1 / -1; margin: 0; max-width: 60ch; font-size: 1.375rem; line-height: 1.36; font-weight: 480; letter-spacing: -0.014em; }
h1:lang(ko) { letter-spacing: 0; line-height: 1.5; }
h1 b { font-weight: 650; }
.lede { grid-column: 1 / -1; margin: -1.5rem 0 0; color: var(--ink-2); font-size: 0.875rem; }
section { border-top: 1px solid var(--line); padding-top: 0.625rem; min-width: 0; }
section.first { border-top-color: var(--ink); }
section + section { margin-top: 1.5rem; }
h2 { margin: 0 0 0.625rem; font-size: 0.8125rem; font-weight: 580; display: flex; align-items: baseline; gap: 0.5rem; }
h2 small { font-weight: 420; color: var(--ink-3); font-size: 0.75rem; }
.field { display: grid; grid-template-columns: minmax(6rem, 13rem) minmax(0, 1fr); gap: 0.125rem 0.75rem; align-items: center; padding: 0.1875rem 0; }
.field label { overflow-wrap: anywhere; }
.field label small { display: block; color: var(--ink-3); font-size: 0.6875rem; font-family: var(--font-mono); line-height: 1.25; }
input, select, textarea { width: 100%; height: 1.875rem; padding: 0 0.5rem; border: 1px solid var(--line-control); border-radius: 4px; background: var(--bg-raise); color: var(--ink); font: inherit; font-family: var(--font-mono); font-size: 0.75rem; }
textarea { height: auto; min-height: 1.875rem; padding: 0.3125rem 0.5rem; resize: vertical; }
[aria-invalid="true"] { border-color: var(--fail); outline: 1px solid var(--fail); }
.why { grid-column: 2; color: var(--fail); font-size: 0.75rem; }
.send { display: flex; align-items: center; gap: 0.75rem; padding-top: 0.75rem; position: sticky; bottom: 0; background: var(--bg); padding-bottom: 0.75rem; }
button { height: 1.875rem; padding: 0 0.875rem; border: 1px solid var(--line-control); border-radius: 4px; background: transparent; color: var(--ink); font: inherit; cursor: pointer; }
button:hover { background: var(--bg-hover); }
button.primary { background: var(--action); color: var(--on-action); border-color: var(--action); font-weight: 580; }
button.primary:hover { opacity: 0.88; }
button.quiet { border-color: transparent; padding: 0 0.5rem; color: var(--ink-2); }
kbd { font: inherit; color: var(--ink-3); font-size: 0.75rem; }
.answer { display: grid; gap: 0.125rem; margin: 0; }
.answer div { display: flex; justify-content: space-between; align-items: baseline; gap: 1rem; border-bottom: 1px solid var(--line); padding: 0.375rem 0; }
.answer dt { color: var(--ink-2); overflow-wrap: anywhere; }
.answer dd { margin: 0; font-family: var(--font-mono); text-align: right; overflow-wrap: anywhere; }
.answer div:first-child dd { font: 480 1.75rem/1.2 var(--font-sans); }
.facts { display: flex; flex-wrap: wrap; align-items: center; gap: 0 1rem; margin: 0.375rem 0 0; color: var(--ink-3); font-size: 0.75rem; }
.facts code { color: var(--ink-2); }
.empty { color: var(--ink-3); margin: 0; }
.failed { display: flex; gap: 0.5rem; background: var(--fail-wash); color: var(--ink); border-radius: 4px; padding: 0.625rem 0.75rem; margin: 0; overflow-wrap: anywhere; }
.failed svg { flex: none; margin-top: 0.1875rem; color: var(--fail); }
[role="tablist"] { display: flex; gap: 0.25rem; margin-bottom: 0.5rem; }
[role="tab"] { border: 0; border-radius: 0; padding: 0 0.5rem; color: var(--ink-3); border-bottom: 2px solid transparent; }
[role="tab"][aria-selected="true"] { color: var(--ink); border-bottom-color: var(--ink); font-weight: 580; }
.code { position: relative; }
pre { margin: 0; padding: 0.75rem; background: var(--bg-sunk); border-radius: 4px; font: 0.75rem/1.5 var(--font-mono); font-variant-ligatures: none; white-space: pre-wrap; overflow-wrap: anywhere; max-height: 20rem; overflow: auto; }
.code button { position: absolute; top: 0.375rem; right: 0.375rem; background: var(--bg-raise); height: 1.75rem; padding: 0 0.5rem; font-size: 0.75rem; }
.code pre { padding-right: 5.5rem; }
.links { display: flex; flex-wrap: wrap; gap: 0.25rem 1rem; margin: 0; padding: 0; list-style: none; }
a { color: inherit; text-decoration-color: var(--ink-3); text-underline-offset: 3px; }
.token { grid-column: 1 / -1; max-width: 30rem; display: flex; gap: 0.5rem; }
@media (max-width: 760px) {
  header { padding: 0 1rem; }
  main { grid-template-columns: minmax(0, 1fr); padding: 1rem; gap: 1.5rem; }
  .lede { margin-top: -1.125rem; }
  input, select, button { height: 2.75rem; }
  .code button, .tools button { height: 2.75rem; }
  .field { grid-template-columns: minmax(0, 2fr) minmax(0, 3fr); }
}
@media print { .send, .tools { display: none; } }
`;
