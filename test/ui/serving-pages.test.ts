/** Serving under the hand: the playground, a shadow, an A/B test, releases that sleep or were given up, a prediction by its id. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Browser } from 'playwright-core';
import { axe, launch, notRun, open, settle, shot, until, type Opened, type View } from './browser.ts';
import { startFixture, type Fixture } from './fixture-server.ts';

const WIDE: View = { theme: 'light', width: 1280, height: 900 };
const PLAYGROUND = '/p/flights/endpoints/flights/playground';
const missing = notRun();
if (missing !== undefined) console.log(`NOT RUN: pages of serving (${missing})`);

describe.skipIf(missing !== undefined)('serving in the web app', () => {
  let browser: Browser;
  let fixture: Fixture;

  beforeAll(async () => {
    [browser, fixture] = await Promise.all([launch(), startFixture()]);
  }, 60_000);
  afterAll(async () => {
    await browser?.close();
    await fixture?.close();
  });

  const visit = async (path: string, view: View = WIDE): Promise<Opened> => {
    const opened = await open(browser, fixture.url + path, view);
    await settle(opened.page);
    return opened;
  };
  const tries = (): number => fixture.commands.filter((one) => one.endsWith('/try')).length;

  test('the playground: a real row, sent by key, compared with the answer before it', { timeout: 30_000 }, async () => {
    const { page, errors } = await visit(PLAYGROUND);
    expect(await page.inputValue('[name=carrier]')).toBe('B6');
    expect(await page.inputValue('[name=pressure]')).toBe('');
    expect(await page.locator('.pfield:has([name=temp]) .phint').innerText()).toContain('training');
    expect(await page.locator('.pfield:has([name=carrier]) datalist option').count()).toBeGreaterThan(4);
    const before = tries();
    await page.keyboard.press('Control+Enter');
    await page.waitForSelector('.pscore');
    const first = await page.locator('.figure-big').innerText();
    await page.fill('[name=precip]', '0.6');
    await page.keyboard.press('Control+Enter');
    await until(page, `document.querySelector('.figure-big').textContent !== '${first}'`);
    expect(tries() - before).toBe(2);
    expect(await page.locator('.o3 tbody tr').first().innerText()).toContain('precip 0.12 → 0.6');
    expect(await page.locator('.o2').innerText()).toMatch(/\+0\.\d+ against the answer before/);
    expect(await page.locator('.o2 a.mono').getAttribute('href')).toMatch(/predictions\/01K9R80B\d+%2F0$/);
    await page.locator('.o3 tbody tr').last().locator('button').click();
    expect(await page.inputValue('[name=precip]')).toBe('0.12');
    expect(await axe(page)).toEqual([]);
    expect(errors).toEqual([]);
    await page.context().close();
  });

  test('what the API refuses stands at the field it names; a text in a number is not sent', {
    timeout: 30_000,
  }, async () => {
    const { page } = await visit(PLAYGROUND);
    await page.fill('[name=origin]', 'KJFK');
    await page.locator('.pform .btn.pri').click();
    await until(page, `document.querySelector('[name=origin]').getAttribute('aria-invalid') === 'true'`);
    expect(await page.locator('.pfield:has([name=origin]) .phint').innerText()).toContain('three letters');
    expect(await page.locator('.o2 .failed').count()).toBe(0);
    await page.fill('[name=origin]', 'JFK');
    expect(await page.getAttribute('[name=origin]', 'aria-invalid')).toBe('false');
    await page.context().close();
  });

  test('rows from elsewhere: JSON and CSV are taken, what does not fit is said', { timeout: 30_000 }, async () => {
    const { page } = await visit(PLAYGROUND);
    await page.getByRole('button', { name: 'Paste JSON or CSV…' }).click();
    const said = page.locator('.ppaste [role=status]');
    await page.fill('.ppaste textarea', '[{"carrier": "UA", "wings": 2}]');
    expect(await said.innerText()).toContain('no input “wings”');
    await page.fill('.ppaste textarea', 'carrier,dest,temp\nUA,ORD');
    expect(await said.innerText()).toContain('Line 2 has 2 cells');
    await page.fill('.ppaste textarea', 'carrier,dest,temp\nUA,"ORD",71\nDL,ATL,80\n');
    await page.getByRole('button', { name: 'Use these rows' }).click();
    expect(await page.inputValue('[name=dest]')).toBe('ORD');
    await page.getByRole('button', { name: 'Send 2 rows' }).click();
    await page.waitForSelector('.o2 .figtable tbody tr:nth-child(2)');
    expect(await page.locator('h1').innerText()).toContain('2 rows');
    expect(await axe(page)).toEqual([]);
    await page.context().close();
  });

  test('what if: thirty values of one input in one call; programs that ask the same', { timeout: 30_000 }, async () => {
    const { page } = await visit(PLAYGROUND);
    await page.locator('.pform .btn.pri').click();
    await page.waitForSelector('.pscore');
    await page.fill('[name=precip]', '0.3');
    await page.keyboard.press('Control+Enter');
    await page.waitForSelector('.o3 tbody tr:nth-child(2)');
    const before = tries();
    await page.selectOption('.psweep select', 'delay_origin_3h');
    await page.fill('.psweep input >> nth=1', '60');
    await page.locator('.psweep .btn').click();
    await page.waitForSelector('.o4 .fig svg');
    expect(tries() - before).toBe(1);
    await shot(page, 'app-playground', false);
    await page.locator('.o4 .fig button', { hasText: 'Table' }).click();
    expect(await page.locator('.o4 .fig tbody tr').count()).toBe(30);
    await page.getByRole('button', { name: 'Python', exact: true }).click();
    const program = await page.locator('.psnippet pre').innerText();
    expect(program).toContain('import json, urllib.request');
    expect(program).toContain('"data":[None]');
    const links = await Promise.all((await page.locator('.plinks a').all()).map((one) => one.getAttribute('href')));
    expect(links.map((link) => link?.replace(/.*\/models\/flights\//, ''))).toEqual([
      'openapi.json',
      'docs',
      'client.ts',
      'client.py',
    ]);
    await page.context().close();
  });

  test('↓ takes the next real row, and a link brings one of its own', { timeout: 30_000 }, async () => {
    const { page } = await visit(PLAYGROUND);
    await page.keyboard.press('ArrowDown');
    expect(await page.inputValue('[name=carrier]')).toBe('UA');
    await page.goto(`${fixture.url}/p/flights/endpoints/flights/predictions/01K9R7YQ5M06Z%2F0`);
    await settle(page);
    await page.getByRole('link', { name: 'Try this row in the playground' }).click();
    await page.waitForSelector('.pform');
    expect(page.url()).toContain('from=01K9R7YQ5M06Z%2F0');
    expect(await page.inputValue('[name=dest]')).toBe('ATL');
    await page.context().close();
  });

  test('a shadow: no call of its own, copies compared, overdue and lost rows are said', {
    timeout: 30_000,
  }, async () => {
    const { page } = await visit('/p/flights/endpoints/flights-shadow');
    expect(await page.locator('h1').innerText()).toBe(
      'v5 answers copies of 20% of the calls, beside v4. Nobody gets its answers.',
    );
    await page.waitForSelector('section:has-text("Rows that differ most")');
    await shot(page, 'app-shadow', false);
    const all = await page.locator('main').innerText();
    expect(all).toContain('shadow, copies of 20%');
    expect(all).toContain('longer than the 45 min it may: waits for copied calls: 1,204 of 2,000');
    expect(all).toContain('214 rows were lost from the prediction log');
    expect(all).toContain('29,553 of 48,211 rows get another score: 61%');
    expect(await page.locator('svg[aria-label^="Where do the scores lie"]').count()).toBe(1);
    await page.keyboard.press('Shift+U');
    await page.waitForSelector('.dlg .diff');
    expect(await page.locator('.dlg .diff').innerText()).toContain('v5 copies of 20% → 0%');
    await page.context().close();
  });

  test('an A/B test without enough data says so, and does not name a winner', { timeout: 30_000 }, async () => {
    const { page } = await visit('/p/flights/endpoints/flights-ab');
    await page.waitForSelector('.abverdict');
    const verdict = await page.locator('.abverdict').innerText();
    expect(verdict).toContain('Not enough data');
    expect(verdict).toContain('[−0.0214, 0.0092]');
    const all = await page.locator('main').innerText();
    expect(all).toContain('valid however often you look');
    expect(all).toMatch(/Ends at the latest .* without a winner v4 stays/);
    // Log loss is a cost: right of zero is better for the candidate, so the signs are turned.
    expect(await page.locator('svg[aria-label^="Difference"]').getAttribute('aria-label')).toContain('+0.0061');
    await page.context().close();
  });

  test('quarantined and asleep: the sentence, the next step, and the mark in the list', {
    timeout: 30_000,
  }, async () => {
    const { page } = await visit('/p/flights/endpoints/flights-torch');
    expect(await page.locator('h1').innerText()).toBe('v2 is quarantined: every call is refused.');
    expect(await page.locator('.trouble .cmd').innerText()).toContain('mw rollback flights-torch');
    expect(await page.locator('main').innerText()).toContain('No copy answered yet');
    await page.goto(`${fixture.url}/p/-/endpoints/fraud`);
    await settle(page);
    expect(await page.locator('.trouble').innerText()).toContain('no call came for 30 min');
    await page.goto(`${fixture.url}/p/flights/endpoints`);
    await settle(page);
    const rows = await page.locator('tbody tr').allInnerTexts();
    expect(rows.find((row) => row.startsWith('flights-torch'))).toMatch(/quarantined\s+Python/);
    expect(rows.find((row) => row.startsWith('fraud'))).toMatch(/no project[\s\S]*cold\s+proxy/);
    await page.context().close();
  });

  test('a prediction by its id, from the list and from the palette; an unknown one is said to be unknown', {
    timeout: 30_000,
  }, async () => {
    const { page } = await visit('/p/flights/endpoints');
    await page.fill('.findpred input', 'p_0123456789');
    await page.keyboard.press('Enter');
    await until(page, `document.querySelector('.findsaid')?.textContent.includes('p_0123456789') ?? false`);
    expect(page.url()).toContain('id=p_0123456789');
    expect(await axe(page)).toEqual([]);
    await page.keyboard.press('Control+k');
    await page.waitForSelector('.pal [role="option"]');
    await page.keyboard.type('01K9R7YQ5M06Z');
    await page.waitForSelector('.pal [role="option"]:has-text("prediction with this id")');
    await page.keyboard.press('Enter');
    await page.waitForURL('**/predictions/01K9R7YQ5M06Z%2F0');
    await page.goBack();
    await page.waitForURL('**/endpoints?id=p_0123456789');
    await page.context().close();
  });
});
