/** What a person does with the app: keys, filters, plans, undo, a lost connection, and 10,000 rows. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Browser } from 'playwright-core';
import { axe, launch, notRun, open, settle, shot, until, type Opened } from './browser.ts';
import { startFixture, type Fixture } from './fixture-server.ts';

const WIDE = { theme: 'light', width: 1440, height: 1000 } as const;

describe.skipIf(notRun() !== undefined)('the web app under the hand', () => {
  let browser: Browser;
  let fixture: Fixture;

  beforeAll(async () => {
    [browser, fixture] = await Promise.all([launch(), startFixture()]);
  }, 60_000);
  beforeEach(() => fixture.setStream(true));
  afterAll(async () => {
    await browser?.close();
    await fixture?.close();
  });

  const visit = async (path: string): Promise<Opened> => {
    const opened = await open(browser, fixture.url + path, WIDE);
    await settle(opened.page);
    return opened;
  };

  test('a walk by keys alone: pages, rows, help, palette, theme', { timeout: 60_000 }, async () => {
    const { page, errors } = await visit('/');
    await page.keyboard.press('Tab');
    expect(await page.evaluate('document.activeElement.className')).toBe('skip');
    for (const [key, path] of [
      ['d', 'data'],
      ['p', 'pipelines'],
      ['m', 'models'],
      ['e', 'endpoints'],
      ['o', 'monitors'],
      ['r', 'runs'],
    ] as const) {
      await page.keyboard.press('g');
      await page.keyboard.press(key);
      await page.waitForURL(`**/p/flights/${path}`);
      await settle(page);
      expect(await page.evaluate('document.activeElement.tagName'), `focus after g ${key}`).toBe('H1');
    }
    await page.waitForSelector('.vr.body');
    await page.keyboard.press('j');
    await page.keyboard.press('j');
    await page.keyboard.press('x');
    await page.keyboard.press('j');
    await page.keyboard.press('x');
    await page.waitForSelector('.side table');
    expect(page.url()).toContain('sel=');
    await page.keyboard.press('c');
    await page.waitForURL('**/compare?runs=*');
    await page.keyboard.press('?');
    await page.waitForSelector('.dlg .keys');
    expect(await axe(page)).toEqual([]);
    await page.keyboard.press('Escape');
    const before = await page.evaluate('document.documentElement.dataset.theme');
    await page.keyboard.press('.');
    await page.keyboard.press('.');
    expect(await page.evaluate('document.documentElement.dataset.theme')).not.toBe(before);
    await page.keyboard.press('Control+k');
    await page.waitForSelector('.pal [role="option"]');
    await page.keyboard.type('incident 2');
    await shot(page, 'palette', false);
    expect(await axe(page)).toEqual([]);
    await page.keyboard.press('Enter');
    await page.waitForURL('**/incidents/2');
    expect(errors).toEqual([]);
    await page.context().close();
  });

  test('roll back shows its plan, is sent once, and can be undone', { timeout: 30_000 }, async () => {
    const { page } = await visit('/p/flights/endpoints/flights');
    await page.keyboard.press('Shift+U');
    await page.waitForSelector('.dlg .diff');
    expect(fixture.commands.filter((one) => one.endsWith('/rollback'))).toEqual([]);
    expect(await page.evaluate('document.activeElement.textContent')).toContain('Keep v5');
    await shot(page, 'confirm', false);
    expect(await axe(page)).toEqual([]);
    await page.locator('.dlg .btn.pri').click();
    await page.waitForSelector('.toast');
    expect(fixture.commands.filter((one) => one.endsWith('/rollback'))).toHaveLength(1);
    expect(await page.locator('.toast').innerText()).toContain('v4');
    await page.keyboard.press('Control+z');
    await until(page, `document.querySelector('.toasts').textContent.includes('v5 starts')`);
    expect(fixture.commands.at(-1)).toBe('/api/v1/endpoints/flights/deploy');
    await page.context().close();
  });

  test('Try it sends one real request and shows what came back; a broken row is not sent', {
    timeout: 30_000,
  }, async () => {
    const { page } = await visit('/p/flights/endpoints/flights');
    const sent = (): number => fixture.commands.filter((one) => one.endsWith('/try')).length;
    const before = sent();
    await page.locator('.try textarea').fill('{ "carrier": ');
    expect(await page.locator('.try .btn').isDisabled()).toBe(true);
    await page.locator('.try textarea').fill('{ "carrier": "B6" }');
    await page.locator('.try .btn').click();
    await page.waitForSelector('.figure-big');
    expect(await page.locator('.figure-big').innerText()).toBe('0.232');
    expect(sent() - before).toBe(1);
    await page.context().close();
  });

  test('a filter is in the address, an error keeps the page, an empty result offers each condition', {
    timeout: 30_000,
  }, async () => {
    const { page } = await visit('/p/flights/runs');
    await page.waitForSelector('.vr.body');
    await page.keyboard.press('/');
    await page.keyboard.type("metrics.log_loss < 0.4 and params.depth = '4'");
    await page.keyboard.press('Enter');
    await page.waitForSelector('.empty .link');
    await until(page, `!document.querySelector('.empty').textContent.includes('…')`);
    expect(await page.locator('.empty').innerText()).toContain('2,500');
    await shot(page, 'runs-no-match', false);
    await page.goBack();
    await page.waitForSelector('.vr.body');
    await page.goto(`${fixture.url}/p/flights/runs?q=params.depht%20%3D%204`);
    await page.waitForSelector('.ferr');
    expect(await page.locator('.ferr').innerText()).toContain('no column depht; depth?');
    await page.context().close();
  });

  test('10,000 rows: few in the document, all can be reached, and it stays quick', { timeout: 60_000 }, async () => {
    const { page } = await visit('/p/flights/runs');
    await page.waitForSelector('.vr.body');
    expect(await page.locator('h1').innerText()).toContain('10,000 runs');
    // What the page itself computes for a frame: frames by the clock say more about who else uses the machine.
    const session = await page.context().newCDPSession(page);
    await session.send('Performance.enable', { timeDomain: 'threadTicks' });
    const busy = async (): Promise<number> => {
      const { metrics } = await session.send('Performance.getMetrics');
      return (metrics.find((one) => one.name === 'TaskDuration')?.value ?? 0) * 1000;
    };
    const before = await busy();
    await page.evaluate(`new Promise((done) => {
        const box = document.querySelector('.vt');
        let frames = 0;
        const next = () => {
          box.scrollTop += 400;
          if (++frames < 100) requestAnimationFrame(next); else done(frames);
        };
        requestAnimationFrame(next);
      })`);
    const frame = ((await busy()) - before) / 100;
    expect(await page.locator('.vr.body').count()).toBeLessThan(80);
    console.log(`runs table: ${frame.toFixed(1)} ms of work a frame while scrolling 400 px a frame`);
    expect(frame).toBeLessThan(50);
    await until(
      page,
      `(() => { const box = document.querySelector('.vt'); box.scrollTop = box.scrollHeight; return Number(document.querySelector('.vr.body:last-child').getAttribute('aria-rowindex')) > 9990; })()`,
      40_000,
    );
    await page.context().close();
  });

  test('live: an event refreshes, a cut is said with the next try, the data stays', { timeout: 30_000 }, async () => {
    const { page } = await visit('/p/flights/endpoints/flights');
    await page.waitForSelector('.live i.on');
    const asked = page.waitForRequest((request) => request.url().endsWith('/api/v1/home'), { timeout: 5000 });
    fixture.send('rollout.stepped');
    await asked;
    fixture.setStream(false);
    await page.waitForSelector('.live i.off');
    expect(await page.locator('.live').innerText()).toMatch(/Not connected/);
    expect(await page.locator('h1').innerText()).toContain('v5 takes 50%');
    await shot(page, 'not-connected', false);
    fixture.setStream(true);
    await page.locator('.live button').click();
    await page.waitForSelector('.live i.on');
    await page.context().close();
  });
});
