/** What a person does with runs: filter, sort, columns, select, compare, delete and take it back, views, links, files. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Browser, Page } from 'playwright-core';
import { axe, launch, notRun, open, settle, shot, until } from './browser.ts';
import { startFixture, type Fixture } from './fixture-server.ts';

const WIDE = { theme: 'light', width: 1440, height: 1000 } as const;
const id = (n: number): string => `run${String(n).padStart(5, '0')}b4c5d6e7f8091a2b3c4d5e6f70`;
const ROWS = '.vr.body:not(.wait)';

describe.skipIf(notRun() !== undefined)('runs under the hand', { timeout: 60_000 }, () => {
  let browser: Browser;
  let fixture: Fixture;
  let page: Page;
  let errors: readonly string[];

  beforeAll(async () => {
    browser = await launch();
  }, 60_000);
  beforeEach(async () => {
    fixture = await startFixture();
  });
  afterEach(async () => {
    await page?.context().close();
    await fixture?.close();
  });
  afterAll(() => browser?.close());

  const visit = async (path: string): Promise<void> => {
    ({ page, errors } = await open(browser, fixture.url + path, WIDE));
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await settle(page);
  };
  const names = (): Promise<string[]> => page.locator(`${ROWS} .name`).allInnerTexts();
  /** The row shown at a place of the list, 0 first. */
  const nameAt = (n: number): Promise<string> => page.locator(`[aria-rowindex="${n + 2}"] .name`).innerText();

  test('the filter offers fields with their counts, then operators, and Tab takes them', async () => {
    await visit('/p/flights/runs');
    await page.waitForSelector(ROWS);
    await page.keyboard.press('/');
    await page.keyboard.type('log');
    await page.waitForSelector('.offerlist [role="option"]');
    expect(await page.locator('.offerlist').innerText()).toMatch(/metrics\.log_loss\s+9,897/);
    expect(await axe(page)).toEqual([]);
    await page.keyboard.press('Tab');
    expect(await page.locator('.field input').inputValue()).toBe('metrics.log_loss ');
    await page.keyboard.press('Tab');
    await page.keyboard.type('0.485');
    await page.keyboard.press('Enter');
    await until(page, `location.search.includes('metrics.log_loss')`);
    await until(page, `/run(s)? match/.test(document.querySelector('h1').textContent)`);
    expect(errors).toEqual([]);
  });

  test('a head sorts: largest first, then smallest, then as before; the address holds it', async () => {
    await visit('/p/flights/runs');
    await page.waitForSelector(ROWS);
    const head = page.locator('.vr.head button', { hasText: 'log_loss' });
    await head.click();
    await page.waitForURL('**order=metrics.log_loss+DESC*');
    expect(await page.locator('[aria-sort="descending"]').innerText()).toContain('log_loss');
    await head.click();
    await page.waitForURL('**order=metrics.log_loss+ASC*');
    await until(page, `Number(document.querySelector('${ROWS} .num').textContent) < 0.485`);
    await head.click();
    await until(page, `!location.search.includes('order')`);
  });

  test('columns are found, added, moved and widened by keys', async () => {
    await visit('/p/flights/runs?cols=m.log_loss,m.auc');
    await page.waitForSelector(ROWS);
    await page.keyboard.press('e');
    await page.waitForSelector('.picker');
    expect(await axe(page)).toEqual([]);
    await page.keyboard.type('seed');
    await page.locator('.picker .all input[type="checkbox"]').first().check();
    await shot(page, 'runs-columns', false);
    await page.keyboard.press('Escape');
    await until(page, `decodeURIComponent(location.search).includes('p.seed')`);
    const head = page.locator('.vr.head button', { hasText: 'auc' });
    await head.focus();
    await page.keyboard.press('Shift+ArrowLeft');
    await until(page, `decodeURIComponent(location.search).includes('cols=m.auc,m.log_loss,p.seed')`);
    await page.locator('.vr.head button', { hasText: 'auc' }).focus();
    await page.keyboard.press('Control+ArrowRight');
    await until(page, `decodeURIComponent(location.search).includes('m.auc~98')`);
  });

  test('any place of 10,000 rows is reached at once, without a jump of the rows', async () => {
    await visit('/p/flights/runs');
    await page.waitForSelector(ROWS);
    await page.evaluate(`document.querySelector('.vt').scrollTop = 7000 * 32`);
    await until(page, `document.querySelector('[aria-rowindex="7005"] .name') !== null`);
    expect(await nameAt(7003)).toMatch(/-2997$/);
    expect(await page.evaluate(`document.querySelector('.vt').scrollTop`)).toBe(7000 * 32);
    await page.keyboard.press('End');
    await until(page, `document.querySelector('[aria-rowindex="10001"] .name') !== null`);
    expect(await nameAt(9999)).toMatch(/-1$/);
  });

  test('select a range, delete it, take it back; the trash restores', async () => {
    await visit('/p/flights/runs');
    await page.waitForSelector(ROWS);
    const before = await names();
    for (const key of ['j', 'x', 'j', 'j', 'Shift+X']) await page.keyboard.press(key);
    await until(page, `document.querySelectorAll('${ROWS}.sel').length === 3`);
    await page.waitForSelector('.bulk');
    await page.waitForSelector('.side table');
    await shot(page, 'runs-selected', false);
    expect(await axe(page)).toEqual([]);
    await page.keyboard.press('Delete');
    await until(page, `document.querySelector('.toasts').textContent.includes('3 runs are in the trash')`);
    await until(page, `document.querySelector('h1').textContent.startsWith('9,997')`);
    expect(fixture.commands).toEqual(['/api/v1/runs/bulk']);
    await page.keyboard.press('Control+z');
    await until(page, `document.querySelector('h1').textContent.startsWith('10,000')`);
    await until(page, `document.querySelectorAll('${ROWS}').length > 5`);
    expect(await names()).toEqual(before);
    // Once more, and back out of the trash.
    await page.locator(`${ROWS} input[type="checkbox"]`).first().check();
    await page.keyboard.press('Delete');
    await page.getByRole('button', { name: 'Trash' }).click();
    await until(page, `/^1 run/.test(document.querySelector('h1').textContent)`);
    await page.waitForSelector(ROWS);
    await page.locator(`${ROWS} input[type="checkbox"]`).first().check();
    await page.keyboard.press('Shift+R');
    await until(page, `document.querySelector('main').textContent.includes('The trash is empty')`);
    expect(errors).toEqual([]);
  });

  test('a tag is set on all selected', async () => {
    await visit(`/p/flights/runs?sel=${id(1)},${id(2)}`);
    await page.waitForSelector('.bulk');
    await page.keyboard.press('t');
    await page.locator('[name="key"]').fill('team');
    await page.locator('[name="value"]').fill('core');
    await page.keyboard.press('Enter');
    await until(page, `document.querySelector('.toasts').textContent.includes('2 runs have team = core')`);
  });

  test('a view is saved, picked, deleted, and comes back with undo', async () => {
    await visit('/p/flights/runs?order=metrics.auc+DESC');
    await page.waitForSelector(ROWS);
    await page.keyboard.press('v');
    await page.locator('.dlg input').fill('best auc');
    await page.keyboard.press('Enter');
    await page.waitForSelector('.dlg .tag');
    await page.keyboard.press('Escape');
    await page.goto(`${fixture.url}/p/flights/runs`);
    await page.waitForSelector(ROWS);
    await page.keyboard.press('v');
    await page.locator('.dlg .link', { hasText: 'best auc' }).click();
    await page.waitForURL('**order=metrics.auc+DESC*');
    await page.keyboard.press('v');
    await page.locator('.dlg [aria-label="Delete view best auc"]').click();
    await until(page, `document.querySelector('.dlg').textContent.includes('No view saved yet')`);
    await page.keyboard.press('Escape');
    await page.keyboard.press('Control+z');
    await page.keyboard.press('v');
    await page.waitForSelector('.dlg .chosen');
    expect(await page.locator('.dlg .chosen').innerText()).toContain('best auc');
  });

  test('groups stand with mean, interval and a word against the best; one opens its runs', async () => {
    await visit('/p/flights/runs?group=params.depth&by=log_loss');
    await page.waitForSelector('.groups tbody tr');
    const said = await page.locator('.groups').innerText();
    expect(said).toContain('best');
    expect(said).toContain('no difference, p 0.4');
    expect(said).toContain('worse, p < 0.001');
    expect(await axe(page)).toEqual([]);
    await shot(page, 'runs-groups', false);
    await page.locator('.groups .foldbtn').first().click();
    await page.waitForSelector('.groups .member a');
    expect(await page.locator('.groups .member a').count()).toBe(50);
    expect(await page.locator('.groups').innerText()).toContain('10 more: show all');
    expect(await axe(page)).toEqual([]);
    await shot(page, 'runs-group-open', false);
    await page.locator('.groups .foldbtn').first().click();
    await until(page, `document.querySelector('.groups .member') === null`);
    await page.locator('.groups .link').first().click();
    await until(page, `decodeURIComponent(location.search).includes("params.depth = '4'".replaceAll(' ', '+'))`);
    await until(page, `document.querySelector('h1').textContent.startsWith('2,500')`);
  });

  test('the table is written as CSV: all rows, the columns shown', async () => {
    await visit(`/p/flights/runs?q=params.depth+%3D+'4'&cols=m.auc,p.depth`);
    await page.waitForSelector(ROWS);
    const [file] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'CSV', exact: true }).click(),
    ]);
    const chunks: Buffer[] = [];
    for await (const chunk of await file.createReadStream()) chunks.push(chunk as Buffer);
    const lines = Buffer.concat(chunks).toString('utf8').trim().split('\r\n');
    expect(lines[0]).toBe('id,name,experiment,status,user,start,end,metrics.auc,params.depth');
    expect(lines).toHaveLength(2501);
    expect(lines[1]).toMatch(/,4$/);
  });

  test('Compare: differences first, the same view from its link', async () => {
    await visit(`/p/flights/runs?sel=${[1, 2, 5].map(id).join(',')}`);
    await page.waitForSelector('.bulk');
    await page.keyboard.press('c');
    await page.waitForURL('**/compare?runs=*');
    await page.waitForSelector('.curves-plot canvas');
    const table = page.locator('.comparison');
    expect(await table.innerText()).not.toContain('subsample');
    await page.keyboard.press('d');
    await until(page, `document.querySelector('.comparison').textContent.includes('subsample')`);
    await page.keyboard.press('l');
    await page.locator('input[type="range"]').first().fill('0.6');
    await page.locator('.curvecontrols select').first().selectOption('relative');
    await page.locator('input[type="range"]').first().focus();
    await page.keyboard.press('y');
    await until(page, `document.querySelector('.toasts').textContent.includes('The link shows this view')`);
    const link = await page.evaluate<string>('navigator.clipboard.readText()');
    for (const part of ['rows=all', 'y=log', 'smooth=0.6', 'x=relative']) expect(link).toContain(part);
    await page.goto('about:blank');
    await page.goto(link);
    await page.waitForSelector('.curves-plot canvas');
    expect(await page.locator('.comparison').innerText()).toContain('subsample');
    expect(await page.locator('input[type="range"]').first().inputValue()).toBe('0.6');
    await shot(page, 'compare-link');
    expect(await axe(page)).toEqual([]);
    expect(errors).toEqual([]);
  });

  test('Compare: a brush leaves a part of the runs; fifty runs stay readable', async () => {
    const many = Array.from({ length: 50 }, (_, i) => id(i + 1)).join(',');
    await visit(`/p/flights/compare?runs=${many}&brush=params.depth:3:5`);
    await page.waitForSelector('.brush');
    expect(await page.locator('main').innerText()).toMatch(/1[23] of 50 runs/);
    const axis = await page.locator('.brush').first().boundingBox();
    if (axis === null) throw new Error('no axis');
    await page.mouse.move(axis.x + 12, axis.y + 40);
    await page.mouse.down();
    await page.mouse.move(axis.x + 12, axis.y + axis.height - 6, { steps: 5 });
    await page.mouse.up();
    await until(page, `/brush=/.test(location.search)`);
    await page.getByRole('button', { name: 'Show all' }).click();
    await until(page, `document.querySelector('main').textContent.includes('50 of 50 runs')`);
    expect(await axe(page)).toEqual([]);
  });

  test('a run: curves with one hairline, zoom in the address, files that are safe to look at', async () => {
    await visit(`/p/flights/runs/${id(1)}`);
    await page.waitForSelector('.curves-plot canvas');
    const plot = await page.locator('.curves-plot .u-over').first().boundingBox();
    if (plot === null) throw new Error('no plot');
    await page.mouse.move(plot.x + plot.width / 2, plot.y + 30);
    await until(page, `document.querySelectorAll('.curvelabels .at').length > 1`);
    await page.mouse.down();
    await page.mouse.move(plot.x + plot.width * 0.8, plot.y + 30, { steps: 4 });
    await page.mouse.up();
    await until(page, `/zoom=\\d+..\\d+/.test(location.search)`);
    await page.locator('.curves-plot .u-over').first().dblclick();
    await until(page, `!location.search.includes('zoom')`);
    for (const [file, selector] of [
      ['scores.csv', '.previewbox td'],
      ['roc.png', '.previewimg'],
      ['errors.ipynb', '.notebook .out'],
      ['metrics.json', '.previewbox pre'],
    ] as const) {
      await page.locator('.leaf', { hasText: file }).click();
      await page.waitForSelector(selector);
      expect(page.url()).toContain(`file=${file}`);
    }
    expect(await page.locator('main').innerText()).toContain('numpy==2.1.0');
    expect(await axe(page)).toEqual([]);
    expect(errors).toEqual([]);
  });

  test('a run is renamed where its name stands; Escape keeps it, undo takes it back', async () => {
    await visit(`/p/flights/runs/${id(1)}`);
    await page.waitForSelector('h1 .rename');
    const name = await page.locator('h1 .rename').innerText();
    await page.locator('h1 .rename').click();
    await page.locator('h1 input').fill('thrown away');
    await page.keyboard.press('Escape');
    expect(await page.locator('h1 .rename').innerText()).toBe(name);
    expect(fixture.commands).toEqual([]);
    await page.keyboard.press('F2');
    expect(await axe(page)).toEqual([]);
    await page.locator('h1 input').fill('keeper');
    await page.keyboard.press('Enter');
    await until(page, `document.querySelector('h1').textContent.startsWith('keeper')`);
    await until(page, `document.querySelector('.toasts').textContent.includes('is now called keeper')`);
    expect(await page.title()).toContain('keeper');
    await page.keyboard.press('Control+z');
    await until(page, `document.querySelector('h1').textContent.startsWith(${JSON.stringify(name)})`);
    expect(errors).toEqual([]);
  });

  test('a tag of a run is added, written over and taken away, each with undo', async () => {
    await visit(`/p/flights/runs/${id(1)}`);
    await page.waitForSelector('.tagadd');
    await page.locator('.tagadd [name="key"]').fill('team');
    await page.locator('.tagadd [name="value"]').fill('core');
    await page.keyboard.press('Enter');
    const row = page.locator('.tagrows li', { hasText: 'team' });
    await row.locator('.rename').click();
    await row.locator('input').fill('data');
    await page.keyboard.press('Enter');
    await until(page, `document.querySelector('.tagrows').textContent.includes('data')`);
    expect(await axe(page)).toEqual([]);
    await page.getByRole('button', { name: 'Take tag team away' }).click();
    await until(page, `!document.querySelector('.tagrows').textContent.includes('team')`);
    await page.keyboard.press('Control+z');
    await until(page, `document.querySelector('.tagrows').textContent.includes('data')`);
    expect(fixture.commands).toEqual(Array.from({ length: 4 }, () => '/api/v1/runs/bulk'));
    expect(errors).toEqual([]);
  });
});
