import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { sampleHistory, samplePoint } from '../../status-page/sample-history.ts';
import { emptyStatus, MARKUP, sampleAppServer, sampleHub, sampleStatus } from '../../status-page/sample-status.ts';
import { keyboardStops, lowContrast, tooWide } from './inspection.ts';
import { executable, launch, PATIENTLY, type Tab } from './stage.ts';
import { PHONE, picture, reads, StatusStage } from './status-stage.ts';

const CHARTS = ['connections', 'messages', 'traffic', 'latency', 'errors', 'closed'];
const VIEWS = [
  ['#live', 'light', 'now', 'the last 5 minutes'],
  ['#live', 'dark', 'now', 'the last 5 minutes'],
  ['#24h', 'light', 'last minute', 'the last 24 hours'],
  ['#24h', 'dark', 'last minute', 'the last 24 hours'],
  ['#31d', 'light', 'last hour', 'the last 31 days'],
  ['#31d', 'dark', 'last hour', 'the last 31 days'],
] as const;

const busy = sampleStatus({ clients: 1284, hubs: [sampleHub(), sampleHub({ name: 'myapp_notifications' })] });

/** Where in a chart, from 0 to 1, the colours of what it shows are: of each that the legend has, the share of the chart's columns of pixels. */
function coloured(id: string, from = 0, to = 1): Record<string, number> {
  const chart = document.getElementById(id) as HTMLElement;
  const canvas = chart.querySelector('canvas') as HTMLCanvasElement;
  const over = (chart.querySelector('.u-over') as HTMLElement).getBoundingClientRect();
  const ratio = canvas.width / canvas.getBoundingClientRect().width;
  const left = Math.round((over.left - canvas.getBoundingClientRect().left + over.width * from) * ratio);
  const width = Math.max(1, Math.round(over.width * (to - from) * ratio));
  const copy = new OffscreenCanvas(width, canvas.height).getContext('2d') as OffscreenCanvasRenderingContext2D;
  copy.drawImage(canvas, -left, 0);
  const { data } = copy.getImageData(0, 0, width, canvas.height);
  const found: Record<string, number> = {};
  for (const row of chart.querySelectorAll<HTMLElement>('.series li:not([hidden], .none)')) {
    const [r = 0, g = 0, b = 0] = (getComputedStyle(row.querySelector('.marker') as HTMLElement).backgroundColor.match(/\d+/g) ?? []).map(
      Number,
    );
    const columns = new Set<number>();
    for (let at = 0; at < data.length; at += 4) {
      const distance = Math.abs((data[at] ?? 0) - r) + Math.abs((data[at + 1] ?? 0) - g) + Math.abs((data[at + 2] ?? 0) - b);
      if (distance < 40 && (data[at + 3] ?? 0) > 200) columns.add((at / 4) % width);
    }
    found[row.querySelector('.label')?.textContent ?? ''] = columns.size / width;
  }
  return found;
}

describe.skipIf(executable === undefined)('the charts of the status page', () => {
  let browser: Browser;
  let stage: StatusStage;
  beforeAll(async () => {
    browser = await launch();
  });
  afterAll(() => browser.close());
  beforeEach(() => {
    stage = new StatusStage(browser);
    stage.history = () => sampleHistory(Date.now());
    stage.moving(busy);
  });
  afterEach(async () => {
    await stage.close();
    expect(stage.offences).toEqual([]);
  });

  const legend = (page: Page, id: string): Promise<string[]> => page.locator(`#${id} .series li:visible`).allInnerTexts();
  const inChart = (tab: Tab, id: string, from?: number, to?: number): Promise<Record<string, number>> =>
    tab.page.evaluate(`(${coloured.toString()})('${id}', ${from ?? 0}, ${to ?? 1})`);

  const leastOf = (shares: Record<string, number>): number => (Object.keys(shares).length === 0 ? 0 : Math.min(...Object.values(shares)));

  /** Waits until everything that a legend names is drawn. */
  async function drawn(tab: Tab, id: string, least: number): Promise<void> {
    await expect.poll(async () => leastOf(await inChart(tab, id)), { ...PATIENTLY, message: id }).toBeGreaterThan(least);
  }

  it.each(VIEWS)('draw all that their legends name: %s in the %s', async (hash, colorScheme, latest, words) => {
    await stage.start();
    const tab = await stage.open({ hash, colorScheme, reducedMotion: 'no-preference' });
    for (const id of CHARTS) await drawn(tab, id, hash === '#live' ? 0.005 : id === 'errors' ? 0.01 : 0.25);
    expect(await tab.text('#connections .when')).toBe(latest);
    expect(await tab.text('#messages .when')).toBe(`in ${words}`);
    expect(await tab.page.getByRole('img', { name: `Traffic in ${words}. in: ` }).count()).toBe(1);
    expect(await tab.page.evaluate(lowContrast)).toEqual([]);
    expect(await tab.page.evaluate(tooWide)).toEqual([]);
    await picture(tab, `charts-${hash.slice(1)}-${colorScheme}`);
    expect(tab.problems).toEqual([]);
  });

  it('leave out the time that the service was down', async () => {
    await stage.start();
    const tab = await stage.open({ hash: '#24h' });
    for (const id of CHARTS) {
      await drawn(tab, id, 0.01);
      // Two of the 24 hours, without their edges.
      expect([id, ...Object.values(await inChart(tab, id, 0.44, 0.48))].filter((share) => share !== 0)).toEqual([id]);
      expect(Math.max(...Object.values(await inChart(tab, id, 0.36, 0.4)))).toBeGreaterThan(0.9);
    }
  });

  it('are chosen between by the keyboard, keep the choice in the address, and follow it', async () => {
    await stage.start();
    const tab = await stage.open();
    expect(new URL(tab.page.url()).hash).toBe('');
    await tab.page.getByRole('radio', { name: 'Live' }).focus();
    await tab.page.keyboard.press('ArrowRight');
    await reads(tab, '#traffic .when', /^last minute$/);
    expect(new URL(tab.page.url()).hash).toBe('#24h');
    await tab.page.reload();
    await reads(tab, '#traffic .when', /^last minute$/);
    expect(await tab.page.getByRole('radio', { name: '24 hours' }).isChecked()).toBe(true);
    await tab.page.evaluate(() => {
      location.hash = '#31d';
    });
    await reads(tab, '#traffic .when', /^last hour$/);
    await tab.page.getByRole('radio', { name: 'Live' }).check();
    await reads(tab, '#traffic .when', /^now$/);
    expect(tab.problems).toEqual([]);
  });

  it('show the values that are pointed at, of one time in all', async () => {
    await stage.start();
    const tab = await stage.open({ hash: '#24h' });
    for (const id of CHARTS) await drawn(tab, id, 0.01);
    const before = await legend(tab.page, 'connections');
    await tab.page.locator('#traffic .u-over').hover({ position: { x: 150, y: 50 } });
    await reads(tab, '#traffic .when', /^\d\d:\d\d$/);
    expect(await tab.text('#connections .when')).toBe(await tab.text('#traffic .when'));
    expect(await tab.text('#messages .when')).toMatch(/^\d\d:\d\d–\d\d:\d\d$/);
    expect(await legend(tab.page, 'connections')).not.toEqual(before);
    // Where nothing is, nothing is said.
    const { width = 0 } = (await tab.page.locator('#traffic .u-over').boundingBox()) ?? {};
    await tab.page.locator('#traffic .u-over').hover({ position: { x: width * 0.46, y: 50 } });
    await expect.poll(() => legend(tab.page, 'traffic'), PATIENTLY).toEqual(['in\n–', 'out\n–']);
    await tab.page.mouse.move(5, 5);
    await reads(tab, '#messages .when', /^in the last 24 hours$/);
    expect(await legend(tab.page, 'connections')).toEqual(before);
  });

  it('are pointed at by a finger, too', async () => {
    await stage.start();
    const tab = await stage.open({ hash: '#24h', viewport: PHONE, hasTouch: true, isMobile: true });
    for (const id of CHARTS) await drawn(tab, id, 0.005);
    await tab.page.locator('#latency .u-over').scrollIntoViewIfNeeded();
    const { x = 0, y = 0 } = (await tab.page.locator('#latency .u-over').boundingBox()) ?? {};
    const finger = await tab.page.context().newCDPSession(tab.page);
    const touch = (type: 'touchStart' | 'touchMove' | 'touchEnd', ...at: number[]): Promise<unknown> =>
      finger.send('Input.dispatchTouchEvent', { type, touchPoints: at.map((along) => ({ x: x + along, y: y + 40 })) });
    await touch('touchStart', 30);
    await reads(tab, '#latency .when', /^\d\d:\d\d$/);
    const first = await tab.text('#latency .when');
    for (const along of [50, 80, 110]) await touch('touchMove', along);
    await expect.poll(() => tab.text('#latency .when'), PATIENTLY).not.toBe(first);
    // It stays while it is read.
    await touch('touchEnd');
    await expect.poll(() => tab.text('#errors .when'), PATIENTLY).toBe(await tab.text('#latency .when'));
    await tab.page.locator('#charts-title').tap();
    await reads(tab, '#errors .when', /^last minute$/);
  });

  it('have their figures as tables, and as words', async () => {
    await stage.start();
    const tab = await stage.open({ hash: '#31d' });
    for (const id of CHARTS) await drawn(tab, id, 0.01);
    const image = tab.page.locator('#connections').getByRole('img');
    expect(await image.getAttribute('aria-label')).toMatch(
      /^Connections in the last 31 days\. clients: [\d,]+ last hour, [\d,]+ at the most; server connections: 10 last hour, 10 at the most\.$/,
    );
    await tab.page.getByRole('button', { name: 'Table of Connections' }).click();
    const table = tab.page.getByRole('table', { name: 'Connections' });
    expect(await table.getByRole('columnheader').allInnerTexts()).toEqual(['Time', 'clients', 'server connections']);
    expect(await table.getByRole('row').count()).toBe(31 * 24 - 72 + 1);
    expect(await table.getByRole('row').nth(1).innerText()).toMatch(/^\d+ \w+, \d\d:00\t[\d,]+\t10$/);
    expect(await image.isVisible()).toBe(false);
    await tab.page.getByRole('button', { name: 'Table of Billed messages by hub' }).click();
    expect(await tab.page.getByRole('table', { name: 'Billed' }).getByRole('columnheader').allInnerTexts()).toEqual([
      'Time',
      'chathub',
      'myapp_notifications',
      'other hubs',
    ]);
    const { expected, reached, unmarked } = await keyboardStops(tab.page);
    expect(reached).toEqual(expected);
    expect(unmarked).toEqual([]);
    expect(await tab.page.evaluate(lowContrast)).toEqual([]);
    await tab.page.getByRole('button', { name: 'Table of Connections' }).click();
    await drawn(tab, 'connections', 0.01);
  });

  it('show names as text, however hostile, long or many', async () => {
    const names = [MARKUP, '\u202Etxt.exe\u202D', '__proto__', 'W'.repeat(300), 'constructor'];
    const many = Array.from({ length: 100 }, (_, index) => `hub-${index}`);
    const counts = Object.fromEntries([...names, ...many].map((name, index) => [name, 2000 - 10 * index]));
    stage.history = () => sampleHistory(Date.now(), ({ at }) => samplePoint(at, 60_000, { billed: 200_000, hubs: counts }));
    stage.moving(
      sampleStatus({ hubs: [...names, ...many].map((name) => sampleHub({ name, appServers: [sampleAppServer({ id: MARKUP })] })) }),
    );
    await stage.start();
    const tab = await stage.open({ hash: '#24h', viewport: PHONE });
    await drawn(tab, 'messages', 0.2);
    const labels = tab.page.locator('#messages .label:visible');
    expect(await labels.allTextContents()).toEqual([...names, 'other hubs']);
    for (const label of await labels.all())
      expect(await label.evaluate((node) => [node.tagName, getComputedStyle(node).unicodeBidi])).toEqual(['BDI', 'isolate']);
    await tab.page.getByRole('button', { name: 'Table of Billed messages by hub' }).click();
    expect(await tab.page.locator('#messages thead bdi').allTextContents()).toEqual(['Time', ...names, 'other hubs']);
    expect(await tab.page.locator('main img, main script').count()).toBe(0);
    expect(await tab.page.title()).toBe('Signalbox service');
    await tab.page.getByRole('radio', { name: 'Live' }).check();
    await reads(tab, '#messages .when', /5 minutes/);
    // A table scrolls by itself, and not the page with it.
    expect(await tab.page.evaluate(() => document.scrollingElement?.scrollWidth)).toBe(PHONE.width);
    await tab.page.getByRole('button', { name: 'Table of Billed messages by hub' }).click();
    expect(await tab.page.evaluate(tooWide)).toEqual([]);
    expect(tab.problems).toEqual([]);
  });

  it('move in steps of 100 messages a hub while they are watched', async () => {
    let billed = 30_070;
    stage.status = () => ({ ...busy, hubs: [sampleHub({ billed: (billed += 40) }), sampleHub({ name: 'still', billed: 7 })] });
    await stage.start();
    const tab = await stage.open({ reducedMotion: 'no-preference' });
    const seen = new Set<string>();
    await expect
      .poll(async () => {
        for (const text of await legend(tab.page, 'messages')) seen.add(text);
        return seen.size;
      }, PATIENTLY)
      .toBeGreaterThanOrEqual(3);
    for (const text of seen) expect(text).toMatch(/^none$|^chathub\n\d00$/);
    expect(await tab.text('#messages .note')).toContain('in steps of 100');
  });

  it('know that the hour is not over yet: its rate is of the time that has passed', async () => {
    const begun = Date.now() - 900_000;
    stage.history = () => ({ minutes: [], hours: [samplePoint(begun, 3_600_000, { bytesIn: 900_000_000, bytesOut: 0 })] });
    await stage.start();
    const tab = await stage.open({ hash: '#31d' });
    await reads(tab, '#traffic .when', /^last hour$/);
    expect(await legend(tab.page, 'traffic')).toEqual([expect.stringMatching(/^in\n(?:1 MB|9\d\d kB)\/s$/), 'out\n0 B/s']);
  });

  it('go back no further than the page where the service has no history', async () => {
    stage.history = undefined;
    await stage.start();
    const tab = await stage.open({ hash: '#24h' });
    // At once, even where less is to move.
    await drawn(tab, 'connections', 0.0001);
    expect(await tab.page.getByRole('radio').count()).toBe(0);
    expect(await tab.text('#connections .when')).toBe('now');
    expect(tab.problems).toEqual([]);
  });

  it('say that nothing is recorded yet, and that what was recorded is read or can not be', async () => {
    stage.status = () => emptyStatus;
    stage.history = () => ({ minutes: [], hours: [] });
    await stage.start();
    const empty = await stage.open({ hash: '#24h' });
    await reads(empty, '#charts-state', /^Nothing is recorded yet\./);
    expect(await empty.page.evaluate(lowContrast)).toEqual([]);
    await picture(empty, 'charts-nothing-yet');
    let answer = (): void => undefined;
    stage.instead = (request, response) => {
      if (request.url?.startsWith('/history.json') !== true) return false;
      answer = () => response.writeHead(500).end();
      return true;
    };
    const tab = await stage.open({ hash: '#31d' });
    await reads(tab, '#charts-state', /^Reading what was recorded/);
    answer();
    await reads(tab, '#charts-state', /^What was recorded can’t be read/);
    await tab.page.getByRole('radio', { name: 'Live' }).check();
    await reads(tab, '#connections .when', /^now$/);
    expect(await tab.page.locator('#charts-state').isVisible()).toBe(false);
  });

  it('follow the colour scheme and the width', async () => {
    await stage.start();
    const tab = await stage.open({ hash: '#31d', colorScheme: 'light' });
    await drawn(tab, 'traffic', 0.25);
    await tab.page.emulateMedia({ colorScheme: 'dark' });
    await drawn(tab, 'traffic', 0.25);
    for (const width of [1920, 820, 360]) {
      await tab.page.setViewportSize({ width, height: 800 });
      await expect
        .poll(
          () =>
            tab.page.locator('#traffic').evaluate((chart) => {
              const [plot, canvas] = [chart.querySelector('.plot'), chart.querySelector('canvas')];
              return [canvas?.clientWidth === plot?.clientWidth, canvas?.clientHeight === plot?.clientHeight];
            }),
          PATIENTLY,
        )
        .toEqual([true, true]);
      expect(await tab.page.evaluate(tooWide)).toEqual([]);
    }
    await drawn(tab, 'traffic', 0.25);
  });

  it('go on after a restart, with a gap', async () => {
    await stage.start();
    const tab = await stage.open({ reducedMotion: 'no-preference' });
    await drawn(tab, 'traffic', 0.005);
    await stage.stop();
    await tab.page.locator('body[data-phase=unreachable]').waitFor();
    await stage.start();
    await tab.page.locator('body[data-phase=running]').waitFor();
    await tab.page.getByRole('button', { name: 'Table of Connections' }).click();
    const rows = tab.page.locator('#connections tbody tr');
    const before = await rows.count();
    expect(before).toBeGreaterThanOrEqual(3);
    await expect.poll(() => rows.count(), PATIENTLY).toBeGreaterThan(before);
    // The counters' growth while nobody looked is nobody's: the first look after has none.
    await tab.page.getByRole('button', { name: 'Table of Traffic' }).click();
    expect(await tab.page.locator('#traffic tbody tr').count()).toBeLessThan(await rows.count());
  });
});
