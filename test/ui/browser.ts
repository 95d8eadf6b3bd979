/** A real Chromium, and what a page said while it was open. */
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { chromium, type Browser, type Page } from 'playwright-core';

const CHROMIUM = '/usr/bin/chromium';
const AXE = fileURLToPath(new URL('../../node_modules/axe-core/axe.min.js', import.meta.url));
const SHOTS = fileURLToPath(new URL('../../test-results/', import.meta.url));

/** Why the browser tests cannot run here; undefined when they can. */
export function notRun(): string | undefined {
  if (!existsSync(CHROMIUM)) return 'no Chromium: apt-get install chromium';
  if (!existsSync(fileURLToPath(new URL('../../ui/dist/index.html', import.meta.url))))
    return 'no ui/dist: npm run build:ui';
  return undefined;
}

export async function launch(): Promise<Browser> {
  mkdirSync(SHOTS, { recursive: true });
  return chromium.launch({
    executablePath: CHROMIUM,
    args: [
      '--headless=new',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--no-first-run',
    ],
  });
}

export interface View {
  readonly theme: 'light' | 'dark';
  readonly width: number;
  readonly height: number;
  readonly language?: 'en' | 'ko';
}

export interface Opened {
  readonly page: Page;
  /** Errors of the console, of scripts and of the content policy. */
  readonly errors: readonly string[];
}

export interface Lane extends Opened {
  readonly errors: string[];
}

/** A page of its own, nowhere yet: for one address after another. */
export async function lane(browser: Browser, view: View): Promise<Lane> {
  const context = await browser.newContext({
    viewport: { width: view.width, height: view.height },
    colorScheme: view.theme,
    locale: view.language === 'ko' ? 'ko-KR' : 'en-GB',
    timezoneId: 'UTC',
    reducedMotion: 'reduce',
  });
  const page = await context.newPage();
  const errors: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error') errors.push(`${message.text()} ${message.location().url}`);
  });
  page.on('pageerror', (error) => errors.push(error.message));
  return { page, errors };
}

export async function open(browser: Browser, url: string, view: View): Promise<Opened> {
  const opened = await lane(browser, view);
  await opened.page.goto(url);
  return opened;
}

/** Polls an expression from outside: the content policy of the page forbids to do it inside. */
export async function until(page: Page, expression: string, timeoutMs = 10_000): Promise<void> {
  const end = Date.now() + timeoutMs;
  while ((await page.evaluate(expression)) !== true) {
    if (Date.now() > end) throw new Error(`never true: ${expression}`);
    await page.waitForTimeout(50);
  }
}

/** Waits until the page's sentence stands and nothing is being read. */
export async function settle(page: Page): Promise<void> {
  await page.waitForSelector('h1.answer:not(:has(> .dim:only-child))');
  await until(page, `document.querySelector('[aria-busy="true"]') === null`);
  await page.evaluate('document.fonts.ready.then(() => true)');
  await page.waitForTimeout(150);
}

/** Pictures of the README and the guide, written only when asked for: `MW_PICTURES=1 npx vitest run test/ui/`. */
const PICTURES: Readonly<Record<string, string>> = {
  'home-light-1440-en': 'docs/images/home.png',
  'home-light-1440-ko': 'docs/images/home-ko.png',
  'endpoint-dark-1440-en': 'docs/images/endpoint.png',
  'runs-compare-light-1440-en': 'docs/images/runs.png',
  'compare-light-1440-en': 'docs/images/compare.png',
  'lineage-light-1440-en': 'docs/images/lineage.png',
  'trace-light-1440-en': 'docs/images/trace.png',
  'playground-light-1280-en': 'docs/images/model-page.png',
  'app-playground': 'docs/images/playground.png',
  'app-shadow': 'docs/images/shadow.png',
};

export async function shot(page: Page, name: string, fullPage = true): Promise<void> {
  // Looking costs a third of the time of a page, so CI does not.
  if (process.env['MW_SHOTS'] !== undefined) await page.screenshot({ path: `${SHOTS}${name}.png`, fullPage });
  const picture = process.env['MW_PICTURES'] === undefined ? undefined : PICTURES[name];
  if (picture !== undefined) await page.screenshot({ path: picture });
}

interface Violation {
  readonly id: string;
  readonly impact: string | null;
  readonly nodes: readonly { readonly target: readonly string[]; readonly failureSummary?: string }[];
}

/** Violations of WCAG 2.2 A and AA and of the best practices, as lines; of some rules only when they are named. */
export async function axe(page: Page, rules?: readonly string[]): Promise<readonly string[]> {
  // evaluate, not a script tag: the content policy of the page stays in force.
  await page.evaluate(readFileSync(AXE, 'utf8'));
  const violations = await page.evaluate<readonly Violation[]>(
    `axe.run(document, ${JSON.stringify({ resultTypes: ['violations'], ...(rules === undefined ? {} : { runOnly: { type: 'rule', values: rules } }) })}).then((found) => found.violations)`,
  );
  return violations.map(
    (one) =>
      `${one.id} (${one.impact}): ${one.nodes
        .slice(0, 3)
        .map((node) => `${node.target.join(' ')} ${node.failureSummary ?? ''}`)
        .join(' | ')}`,
  );
}
