/** Every page in both themes, at three widths and in both languages: no error, no violation, no text in the wrong language. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Browser } from 'playwright-core';
import { axe, launch, lane, notRun, settle, shot, type Lane, type View } from './browser.ts';
import { startFixture, type Fixture } from './fixture-server.ts';
import { EMPTY_PATHS, PAGES } from './pages.ts';

/** Pages that are looked at side by side: one draws while another is judged. */
const LANES = 2;

const missing = notRun();
if (missing !== undefined) console.log(`NOT RUN: web app tests (${missing})`);

describe.skipIf(missing !== undefined)('every page of the web app', () => {
  let browser: Browser;
  let full: Fixture;
  let empty: Fixture;

  beforeAll(async () => {
    [browser, full, empty] = await Promise.all([launch(), startFixture(), startFixture(true)]);
  }, 60_000);
  afterAll(async () => {
    await browser?.close();
    await Promise.all([full?.close(), empty?.close()]);
  });

  /** Looks at each address; a page that is wrong does not hide what is wrong with the next. */
  async function eachOf<T>(
    all: readonly T[],
    view: View,
    look: (at: Lane, one: T) => Promise<readonly string[]>,
  ): Promise<readonly string[]> {
    const rest = all.values();
    const found: string[] = [];
    await Promise.all(
      Array.from({ length: LANES }, async () => {
        const at = await lane(browser, view);
        for (const one of rest) {
          const problems = await look(at, one).catch((error: unknown) => [String(error).split('\n', 1)[0] ?? '']);
          found.push(...[...at.errors.splice(0), ...problems].map((problem) => `${String(one)}: ${problem}`));
        }
        await at.page.context().close();
      }),
    );
    return found;
  }

  const views = [
    { theme: 'light', width: 1440, height: 1000 },
    { theme: 'dark', width: 1440, height: 1000, rules: ['color-contrast'] },
    {
      theme: 'light',
      width: 768,
      height: 1000,
      rules: ['scrollable-region-focusable', 'target-size', 'button-name', 'link-name'],
    },
    { theme: 'dark', width: 390, height: 844 },
    { theme: 'light', width: 1440, height: 1000, language: 'ko' },
  ] as const;

  for (const view of views) {
    const language = 'language' in view ? view.language : 'en';
    test(`${view.theme} ${view.width} ${language}`, { timeout: 240_000 }, async () => {
      const found = await eachOf(PAGES, view, async ({ page }, [name, path]) => {
        await page.goto(full.url + path);
        await settle(page);
        await shot(page, `${name}-${view.theme}-${view.width}-${language}`, view.width !== 1440);
        const problems = [...(await axe(page, 'rules' in view ? view.rules : undefined))];
        const overflow = Number(
          await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth'),
        );
        if (overflow > 0) problems.push(`scrolls sideways by ${overflow} px`);
        const said = await page.locator('main').innerText();
        const raw = /undefined|\[object|NaN%|Invalid Date|\{\w+\}/.exec(said);
        if (raw !== null) problems.push(`says ${raw[0]}`);
        if (language === 'ko' && !/[가-힣]/.test(await page.locator('h1').innerText())) problems.push('h1 in English');
        return problems;
      });
      expect(found).toEqual([]);
    });
  }

  test('a server on which nothing has happened holds the first command on every page', {
    timeout: 120_000,
  }, async () => {
    const view = { theme: 'light', width: 1440, height: 1000 } as const;
    const found = await eachOf(EMPTY_PATHS, view, async ({ page }, path) => {
      await page.goto(empty.url + path);
      await settle(page);
      await shot(page, `empty${path.replaceAll('/', '-')}`, false);
      const first = await page.locator('main .cmd code').first().innerText({ timeout: 2000 });
      const command = /mw |MLFLOW_TRACKING_URI|set_tracking_uri/.test(first);
      return [...(await axe(page)), ...(command ? [] : [`no first command: ${first}`])];
    });
    expect(found).toEqual([]);
  });
});
