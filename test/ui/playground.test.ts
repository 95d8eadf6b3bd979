/** The playground of a model in a real Chromium: filled in with a real row, sent, refused with the column marked, in both languages. */
import { existsSync } from 'node:fs';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openDoors, PEOPLE } from '../fixtures/doors.ts';
import type { Doors } from '../fixtures/doors.ts';
import { axe, launch, open, shot } from './browser.ts';

const missing = !existsSync('/usr/bin/chromium');
if (missing) console.log('NOT RUN: the playground in a browser; install it: apt-get install chromium');

const ROW = { name: 'Ada', age: 36, rooms: 3, height: 1.65, weight: 60.5, smoker: true };

describe.skipIf(missing)('the playground', () => {
  let doors: Doors;
  let guarded: Doors;
  let browser: Browser;
  beforeAll(async () => {
    doors = await openDoors({ people: PEOPLE });
    guarded = await openDoors({ people: PEOPLE }, { tokenCheck: (header) => header === 'Bearer right' });
    await fetch(`${doors.url}/invocations`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ dataframe_records: [ROW, { ...ROW, name: 'Grace' }] }),
    });
    browser = await launch();
  });
  afterAll(async () => {
    await browser.close();
    await Promise.all([doors.end(), guarded.end()]);
  });

  for (const view of [
    { theme: 'light', width: 1280, height: 900, language: 'en' },
    { theme: 'dark', width: 390, height: 844, language: 'ko' },
  ] as const) {
    test(`${view.theme}, ${view.width} px, ${view.language}: a real row is sent and answered`, async () => {
      const { page, errors } = await open(browser, `${doors.url}/v2/models/people/docs`, view);
      await page.waitForSelector('#send');
      expect(await page.inputValue('[name=name]')).toBe('Ada');
      expect(await page.locator('#f0c option').count()).toBe(2);
      await page.click('#send');
      await page.waitForSelector('.answer');
      expect(await page.locator('.answer dd').allTextContents()).toEqual(['37.65', 'old']);
      expect(await page.textContent('.facts code')).toMatch(/^p_.*\/0$/);
      expect(await page.textContent('h1')).toContain(view.language === 'ko' ? '입력 8개' : 'takes 8 inputs');
      expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
      expect(await axe(page)).toEqual([]);
      await shot(page, `playground-${view.theme}-${view.width}-${view.language}`);
      expect(errors).toEqual([]);
      await page.fill('[name=age]', 'old');
      await page.click('#send');
      expect(await page.getAttribute('[name=age]', 'aria-invalid')).toBe('true');
      await page.fill('[name=age]', '40');
      await page.fill('[name=seen]', 'yesterday');
      await page.click('#send');
      await page.waitForSelector('.failed');
      expect(await page.getAttribute('[name=seen]', 'aria-invalid')).toBe('true');
      expect(await page.textContent('.failed')).toContain('ISO 8601');
      await page.click('#tab-Python');
      expect(await page.textContent('#code')).toContain('"smoker": True');
      expect(await page.textContent('#code')).toContain('from people import Client');
      await page.context().close();
    });
  }

  test('where a token is asked for, the page opens, holds nothing, and asks', async () => {
    const { page } = await open(browser, `${guarded.url}/v2/models/people/docs`, {
      theme: 'light',
      width: 1280,
      height: 900,
    });
    await page.waitForSelector('input[type=password]');
    expect((await fetch(`${guarded.url}/v2/models/people/docs.json`)).status).toBe(401);
    expect((await fetch(`${guarded.url}/v2/models/people/client.py`)).status).toBe(401);
    await page.fill('input[type=password]', 'right');
    await page.click('button.primary');
    await page.waitForSelector('#send');
    await page.click('#send');
    await page.waitForSelector('.answer');
    await page.context().close();
  });
});
