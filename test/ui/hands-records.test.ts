/** What a person does with models, lineage, SQL and storage: aliases and undo, a refusal, a card, a query, the trash. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Browser } from 'playwright-core';
import { axe, launch, notRun, open, settle, shot, until, type Opened } from './browser.ts';
import { startFixture, type Fixture } from './fixture-server.ts';

const WIDE = { theme: 'light', width: 1440, height: 1000 } as const;

describe.skipIf(notRun() !== undefined)('models, lineage, SQL and storage under the hand', () => {
  let browser: Browser;
  let fixture: Fixture;

  beforeAll(async () => {
    [browser, fixture] = await Promise.all([launch(), startFixture()]);
  }, 60_000);
  afterAll(async () => {
    await browser?.close();
    await fixture?.close();
  });

  const visit = async (path: string, view: Parameters<typeof open>[2] = WIDE): Promise<Opened> => {
    const opened = await open(browser, fixture.url + path, view);
    await settle(opened.page);
    return opened;
  };
  const sent = (end: string): number => fixture.commands.filter((one) => one.endsWith(end)).length;

  test('an alias moves only after its plan with the gates was on screen, and undo moves it back', {
    timeout: 30_000,
  }, async () => {
    const { page, errors } = await visit('/p/flights/models/flights');
    await page.getByRole('button', { name: 'Move champion' }).click();
    await page.waitForSelector('.dlg .diff');
    const dialog = await page.locator('.dlg').innerText();
    expect(dialog).toContain('v4 → v5');
    expect(dialog).toContain('gain.log_loss > 0');
    expect(await page.evaluate('document.activeElement.textContent')).toContain('Keep as it is');
    expect(sent('/promote')).toBe(0);
    await shot(page, 'alias-plan', false);
    expect(await axe(page)).toEqual([]);
    await page.locator('.dlg .btn.pri').click();
    await page.waitForSelector('.toast');
    expect(fixture.commands.at(-1)).toBe('/api/v1/models/flights/versions/5/promote');
    await page.keyboard.press('Control+z');
    await until(page, `document.querySelector('.toasts').textContent.includes('v4')`);
    expect(fixture.commands.at(-1)).toBe('/api/v1/models/flights/versions/4/promote');
    expect(errors).toEqual([]);
    await page.context().close();
  });

  test('a refused alias shows the gates that refused it, and nothing has moved', { timeout: 30_000 }, async () => {
    const { page } = await visit('/p/flights/models/flights/3');
    await page.keyboard.press('p');
    await page.waitForSelector('.dlg .diff');
    await page.keyboard.press('Control+Enter');
    await page.waitForSelector('.refused table');
    const refusal = await page.locator('.refused').innerText();
    expect(refusal).toContain('champion does not move to v3');
    expect(refusal).toContain('champion stays at v4');
    expect(refusal).toMatch(/gain\.log_loss[\s\S]*failed/);
    await shot(page, 'alias-refused', false);
    expect(await axe(page)).toEqual([]);
    expect(await page.locator('.toast').count()).toBe(0);
    await page.context().close();
  });

  test('gates of an alias: an error stands at its row, saving says so', { timeout: 30_000 }, async () => {
    const { page } = await visit('/p/flights/models/flights');
    await page.getByRole('button', { name: 'Gates of champion' }).click();
    await page.getByLabel('Gate 2 of champion').fill('auc ? 1');
    await page.getByRole('button', { name: 'Save gates' }).click();
    await page.waitForSelector('.gatesform .ferr');
    expect(await page.getByLabel('Gate 2 of champion').getAttribute('aria-invalid')).toBe('true');
    expect(await page.getByLabel('Gate 1 of champion').getAttribute('aria-invalid')).toBe('false');
    expect(await axe(page)).toEqual([]);
    await page.getByLabel('Gate 2 of champion').fill('auc >= 0.7');
    await page.keyboard.press('Enter');
    await page.waitForSelector('.toast');
    expect(await page.locator('.toast').innerText()).toContain('champion asks for 2 gates');
    await page.context().close();
  });

  test('the card is edited, previewed without raw HTML, saved by key, and undone', { timeout: 30_000 }, async () => {
    const { page, errors } = await visit('/p/flights/models/flights/5');
    await page.waitForSelector('.md h3');
    const card = page.locator('.md');
    expect(await card.locator('b').count()).toBe(0);
    expect(await card.locator('strong').innerText()).toBe('not on time');
    await page.keyboard.press('e');
    const field = page.getByLabel('Model card in Markdown');
    await field.fill(
      '# New card\n\n<img src=x onerror=alert(1)>\n\n[bad](javascript:alert(1))\n\n| a | b |\n| --- | ---: |\n| **x** | 1 |\n',
    );
    await page.getByRole('button', { name: 'Preview' }).click();
    await page.waitForSelector('.cardpreview h3');
    expect(await page.locator('.cardpreview img').count()).toBe(0);
    expect(await page.locator('.cardpreview a').getAttribute('href')).toBe('');
    expect(await page.locator('.cardpreview td strong').innerText()).toBe('x');
    expect(await axe(page)).toEqual([]);
    await page.getByRole('button', { name: 'Write' }).click();
    await page.keyboard.press('Control+Enter');
    await page.waitForSelector('.toast');
    expect(sent('/versions/5/card')).toBe(1);
    await page.locator('.toast .btn').first().click();
    await expect.poll(() => sent('/versions/5/card')).toBe(2);
    expect(errors).toEqual([]);
    await page.context().close();
  });

  test('two versions are compared, and the address holds it', { timeout: 30_000 }, async () => {
    const { page } = await visit('/p/flights/models/flights');
    await page.getByLabel('Compare v5').check();
    await page.getByLabel('Compare v3').check();
    await page.waitForSelector('.comparetwo table');
    expect(page.url()).toContain('compare=3,5');
    const said = await page.locator('.comparetwo').innerText();
    expect(said).toMatch(/added[\s\S]*pyarrow/);
    expect(said).toMatch(/changed[\s\S]*onnx/);
    await page.context().close();
  });

  test('lineage by keys: along an edge, Enter takes the focus there, the search resolves what one types', {
    timeout: 40_000,
  }, async () => {
    const { page, errors } = await visit('/lineage?node=version:flights/5');
    await page.locator('[data-node="version:flights/5"]').focus();
    await page.keyboard.press('ArrowRight');
    expect(await page.evaluate('document.activeElement.dataset.node')).toBe('release:flights-r5');
    expect(await page.locator('.edgelabel').allTextContents()).toContain('released');
    await page.keyboard.press('Enter');
    await page.waitForURL('**/lineage?node=release:flights-r5');
    await until(page, `document.querySelector('h1').textContent.startsWith('flights-r5')`);
    expect(await page.evaluate('document.activeElement.dataset.node')).toBe('release:flights-r5');
    await page.keyboard.press('/');
    await page.keyboard.type('endpoint');
    await page.waitForSelector('.combo [role="option"]');
    expect(await axe(page)).toEqual([]);
    await page.keyboard.press('Enter');
    await page.waitForURL('**/lineage?node=endpoint:flights');
    await page.goto(`${fixture.url}/lineage?node=wide`);
    await settle(page);
    expect(await page.locator('[data-node]').count()).toBeLessThan(20);
    await page.getByRole('button', { name: 'Unfold all' }).click();
    await until(page, `document.querySelectorAll('[data-node]').length === 200`);
    expect(errors).toEqual([]);
    await page.goto(`${fixture.url}/lineage?node=nothing`);
    await page.waitForSelector('.failed');
    expect(await page.locator('.failed').innerText()).toContain('nothing here is named');
    await page.context().close();
  });

  test('SQL: a mistake is underlined at its place, a good query fills a virtual grid, the link repeats it', {
    timeout: 40_000,
  }, async () => {
    const { page } = await visit('/sql');
    const field = page.getByRole('textbox', { name: 'Query', exact: true });
    await field.fill('selct 1');
    await field.press('Control+Enter');
    await page.waitForSelector('.failed');
    expect(await page.locator('.sqledit mark').innerText()).toBe('selct');
    expect(await page.locator('.failed').innerText()).toContain('Line 1, column 1');
    await field.fill('select *\nfrom runs');
    await field.press('Control+Enter');
    await page.waitForSelector('.sqlgrid .vr.body');
    expect(await page.locator('h1').innerText()).toContain('10,000 rows');
    expect(await page.locator('.vr.body').count()).toBeLessThan(60);
    expect(new URL(page.url()).searchParams.get('q')).toBe('select *\nfrom runs');
    await page.reload();
    await page.waitForSelector('.sqlgrid .vr.body');
    expect(await field.inputValue()).toBe('select *\nfrom runs');
    await page.locator('.tables summary').first().click();
    await page.locator('.colname').first().click();
    expect(await field.inputValue()).toContain('run_id');
    // Tab indents, Escape and Tab leaves.
    await field.press('Tab');
    expect(await page.evaluate('document.activeElement.tagName')).toBe('TEXTAREA');
    await field.press('Escape');
    await field.press('Tab');
    expect(await page.evaluate('document.activeElement.tagName')).not.toBe('TEXTAREA');
    await page.context().close();
  });

  test('storage: restore and undo; the collector deletes only what was seen and typed', {
    timeout: 30_000,
  }, async () => {
    const { page, errors } = await visit('/storage');
    await page.getByRole('button', { name: 'Restore calm-sluice-41' }).click();
    await page.waitForSelector('.toast');
    expect(fixture.commands.at(-1)).toBe('/api/v1/trash/restore');
    await page.keyboard.press('Control+z');
    await until(page, `document.querySelector('.toasts').textContent.includes('in the trash again')`);
    expect(fixture.commands.at(-1)).toBe('/api/v1/runs/bulk');
    expect(await page.getByRole('button', { name: 'Delete…' }).isDisabled()).toBe(true);
    await page.getByRole('button', { name: 'See what would go' }).click();
    await until(page, `document.querySelector('main').textContent.includes('is the champion')`);
    await page.getByRole('button', { name: 'Delete…' }).click();
    await page.waitForSelector('.dlg .diff');
    expect(await page.locator('.dlg .btn.pri').isDisabled()).toBe(true);
    await page.getByLabel('Type 12 to go on').fill('12');
    expect(await axe(page)).toEqual([]);
    const before = sent('/gc');
    await page.locator('.dlg .btn.pri').click();
    await until(page, `document.querySelector('.toasts').textContent.includes('12 things deleted')`);
    expect(sent('/gc')).toBeGreaterThan(before);
    expect(errors).toEqual([]);
    await page.context().close();
  });
});
