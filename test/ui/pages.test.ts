/** Every page in both themes, at three widths and in both languages: no error, no violation, no text in the wrong language. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Browser } from 'playwright-core';
import { axe, launch, notRun, open, settle, shot } from './browser.ts';
import { startFixture, type Fixture } from './fixture-server.ts';
import { PAGES } from './pages.ts';

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
      for (const [name, path] of PAGES) {
        const { page, errors } = await open(browser, full.url + path, view);
        await settle(page);
        await shot(page, `${name}-${view.theme}-${view.width}-${language}`, view.width !== 1440);
        expect(errors, name).toEqual([]);
        expect(await axe(page, 'rules' in view ? view.rules : undefined), name).toEqual([]);
        const overflow = Number(
          await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth'),
        );
        expect(overflow, `${name}: scrolls sideways`).toBeLessThanOrEqual(0);
        const said = await page.locator('main').innerText();
        expect(said, name).not.toMatch(/undefined|\[object|NaN%|Invalid Date|\{\w+\}/);
        if (language === 'ko') expect(await page.locator('h1').innerText(), name).toMatch(/[가-힣]/);
        await page.context().close();
      }
    });
  }

  test('a server on which nothing has happened holds the first command on every page', {
    timeout: 120_000,
  }, async () => {
    const paths = [
      '/',
      '/p/-/data',
      '/p/-/pipelines',
      '/p/-/runs',
      '/p/-/models',
      '/p/-/endpoints',
      '/p/-/monitors',
      '/lineage',
    ];
    for (const path of paths) {
      const { page, errors } = await open(browser, empty.url + path, { theme: 'light', width: 1440, height: 1000 });
      await settle(page);
      await shot(page, `empty${path.replaceAll('/', '-')}`, false);
      expect(errors, path).toEqual([]);
      expect(await axe(page), path).toEqual([]);
      expect(await page.locator('main .cmd code').first().innerText(), path).toMatch(
        /mw |MLFLOW_TRACKING_URI|set_tracking_uri/,
      );
      await page.context().close();
    }
  });
});
