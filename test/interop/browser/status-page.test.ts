import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { connections, emptyStatus, MARKUP, sampleAppServer, sampleHub, sampleStatus } from '../../status-page/sample-status.ts';
import { keyboardStops, lowContrast, tooWide } from './inspection.ts';
import { executable, launch, PATIENTLY } from './stage.ts';
import { PHONE, picture, reads, StatusStage } from './status-stage.ts';

const busy = sampleStatus({
  clients: 1284,
  serverConnections: 13,
  hubs: [
    sampleHub({
      clients: 1272,
      groups: 48,
      users: 901,
      appServers: [
        sampleAppServer({
          clients: 801,
          connections: connections('default', 'default', 'default', 'default', 'default', 'onDemand', 'weak'),
        }),
        sampleAppServer({ id: 'web-2_d5ed5a53d03d4a1c9a3c9fd6e9a1b7c4', clients: 471, leaving: true }),
      ],
    }),
    sampleHub({
      name: 'myapp_notifications',
      clients: 12,
      appServers: [
        sampleAppServer({ id: 'node-1_0b4c', userAgent: 'signalbox/0.1.0 (Node 20.20.2)', connections: connections('default') }),
      ],
    }),
    sampleHub({ name: 'orphans', clients: 0, appServers: [] }),
  ],
});

describe.skipIf(executable === undefined)('the status page in a browser', () => {
  let browser: Browser;
  let stage: StatusStage;
  beforeAll(async () => {
    browser = await launch();
  });
  afterAll(() => browser.close());
  beforeEach(async () => {
    stage = new StatusStage(browser);
    await stage.start();
  });
  afterEach(async () => {
    await stage.close();
    expect(stage.offences).toEqual([]);
  });

  it.each(['light', 'dark'] as const)('shows connections, hubs, app servers and traffic, readable in the %s', async (colorScheme) => {
    stage.moving(busy);
    const tab = await stage.open({ colorScheme });
    await reads(tab, '#messages-out', /^[\d,]{3,}$/);
    expect(await tab.text('#clients')).toBe('1,284');
    expect(await tab.text('#app-servers')).toBe('3');
    expect(await tab.text('#app-servers-note')).toBe('13 server connections');
    expect(await tab.page.locator('.hub h3').allInnerTexts()).toEqual(['chathub', 'myapp_notifications', 'orphans']);
    const rows = tab.page.locator('.hub').first().locator('.app-servers li');
    expect(await rows.first().innerText()).toContain('7 server connections (5 default, 1 on demand, 1 weak)');
    expect(await rows.first().innerText()).toContain('Microsoft.Azure.SignalR 1.34.0-rtm, .NET 10.0.12');
    expect(await rows.locator('.tag:visible').allInnerTexts()).toEqual(['leaving']);
    expect(await tab.page.locator('.warning:visible').count()).toBe(1);
    expect(await tab.page.evaluate(lowContrast)).toEqual([]);
    expect(await tab.page.evaluate(tooWide)).toEqual([]);
    await picture(tab, `busy-${colorScheme}`);
    expect(tab.problems).toEqual([]);
  });

  it.each(['light', 'dark'] as const)('says in the %s what to do where no app server is connected', async (colorScheme) => {
    stage.status = () => emptyStatus;
    const tab = await stage.open({ colorScheme });
    const text = `Endpoint=${stage.url};AccessKey=…;Version=1.0;`;
    expect(await tab.text('#connection-string')).toBe(text);
    expect(await tab.text('#line-dotnet')).toBe(`builder.Services.AddSignalR().AddAzureSignalR("${text}");`);
    expect(await tab.text('#line-node')).toBe(`signalr.connect('${text}');`);
    expect(await tab.page.evaluate(lowContrast)).toEqual([]);
    await picture(tab, `empty-${colorScheme}`);
    stage.status = () => busy;
    await tab.page.locator('#nobody').waitFor({ state: 'hidden' });
    await reads(tab, '#clients', '1,284');
    expect(tab.problems).toEqual([]);
  });

  it.each(['light', 'dark'] as const)(
    'says in the %s that the service is gone, keeps the last figures, and goes on after a restart',
    async (colorScheme) => {
      stage.moving(busy);
      const tab = await stage.open({ colorScheme });
      await stage.stop();
      await tab.page.locator('body[data-phase=unreachable]').waitFor();
      expect(await tab.page.getByRole('status').innerText()).toBe('Out of reach');
      expect(await tab.text('#banner')).toContain("The service can't be reached.");
      expect(await tab.text('#clients')).toBe('1,284');
      expect(await tab.page.evaluate(lowContrast)).toEqual([]);
      await picture(tab, `gone-${colorScheme}`);
      stage.status = () => ({ ...emptyStatus, node: 'another' });
      await stage.start();
      await tab.page.locator('body[data-phase=running]').waitFor();
      expect(await tab.text('#node')).toBe('another');
      expect(await tab.page.locator('.hub').count()).toBe(0);
      expect(await tab.page.locator('#banner').isVisible()).toBe(false);
    },
  );

  it('shows what peers call themselves as text, however long', async () => {
    const long = 'W'.repeat(300);
    stage.status = () =>
      sampleStatus({
        hubs: [
          sampleHub({
            name: MARKUP,
            appServers: [sampleAppServer({ id: MARKUP, userAgent: MARKUP }), sampleAppServer({ id: long, userAgent: long })],
          }),
          sampleHub({ name: long }),
        ],
      });
    const tab = await stage.open({ viewport: PHONE });
    expect(await tab.page.locator('.hub h3').allTextContents()).toEqual([MARKUP, long]);
    expect(await tab.page.locator('.id').first().textContent()).toBe(MARKUP);
    expect(await tab.page.locator('main img, main script').count()).toBe(0);
    expect(await tab.page.title()).toBe('Signalbox service');
    expect(await tab.page.evaluate(tooWide)).toEqual([]);
    expect(tab.problems).toEqual([]);
  });

  it.each([360, 560, 760, 1000, 1280, 1920])('does not scroll sideways at %i pixels, in any state', async (width) => {
    stage.moving(busy);
    const tab = await stage.open({ viewport: { width, height: 800 } });
    await reads(tab, '#messages-out', /^[\d,]{3,}$/);
    expect(await tab.page.evaluate(tooWide)).toEqual([]);
    if (width === PHONE.width) await picture(tab, 'phone-busy');
    stage.status = () => emptyStatus;
    await tab.page.locator('#nobody').waitFor();
    expect(await tab.page.evaluate(tooWide)).toEqual([]);
    if (width === PHONE.width) await picture(tab, 'phone-empty');
    await stage.stop();
    await tab.page.locator('body[data-phase=unreachable]').waitFor();
    expect(await tab.page.evaluate(tooWide)).toEqual([]);
  });

  it('finds some of many hubs by their names', async () => {
    stage.status = () => sampleStatus({ hubs: Array.from({ length: 100 }, (_, index) => sampleHub({ name: `Hub-${index}` })) });
    const tab = await stage.open();
    const names = (): Promise<string[]> => tab.page.locator('.hub:visible h3').allInnerTexts();
    await tab.page.getByRole('searchbox', { name: 'Find hubs by name' }).fill(' hub-7');
    expect(await names()).toEqual(['Hub-7', ...Array.from({ length: 10 }, (_, index) => `Hub-7${index}`)]);
    expect(await tab.page.evaluate(lowContrast)).toEqual([]);
    // It stays so while figures change, and can be taken back when there are few.
    stage.status = () => busy;
    await expect.poll(names, PATIENTLY).toEqual([]);
    await tab.page.getByRole('searchbox').fill('');
    expect(await names()).toEqual(['chathub', 'myapp_notifications', 'orphans']);
    await tab.page.getByRole('searchbox').waitFor({ state: 'hidden' });
  });

  it('keeps its order and its elements while figures change, so that what is selected or read out stays', async () => {
    stage.status = () => busy;
    const tab = await stage.open();
    await tab.page
      .locator('.hub')
      .first()
      .evaluate((node) => node.setAttribute('data-kept', ''));
    stage.status = () => ({ ...busy, hubs: [sampleHub({ name: 'a-new-one' }), ...busy.hubs.slice(0, 2)] });
    await expect
      .poll(() => tab.page.locator('.hub h3').allInnerTexts(), PATIENTLY)
      .toEqual(['a-new-one', 'chathub', 'myapp_notifications']);
    expect(await tab.page.locator('.hub[data-kept] h3').innerText()).toBe('chathub');
  });

  it('can be used by keyboard, and is told to a screen reader: headings, regions, and the state alone as it changes', async () => {
    stage.status = () => emptyStatus;
    const tab = await stage.open();
    const { expected, reached, unmarked } = await keyboardStops(tab.page);
    expect(reached).toEqual(expected);
    // The connection string and its two lines, and the tables of six charts.
    expect(expected.length).toBe(9);
    expect(unmarked).toEqual([]);
    expect(await tab.page.getByRole('heading', { level: 1 }).count()).toBe(1);
    expect(await tab.page.getByRole('region', { name: 'No app server is connected' }).count()).toBe(1);
    expect(await tab.page.getByRole('status').allInnerTexts()).toEqual(['Running']);
    stage.status = () => busy;
    await tab.page.getByRole('region', { name: 'Hubs' }).waitFor();
    expect(await tab.page.getByRole('list', { name: 'App servers' }).first().getByRole('listitem').count()).toBe(2);
  });

  it('does not look while nobody sees it', async () => {
    let looks = 0;
    stage.status = () => {
      looks++;
      return emptyStatus;
    };
    const tab = await stage.open();
    await tab.page.clock.install();
    await tab.page.reload();
    await tab.page.locator('body[data-phase=running]').waitFor();
    await tab.page.evaluate(() => Object.defineProperty(document, 'hidden', { value: true, configurable: true }));
    const before = looks;
    await tab.page.clock.runFor(60_000);
    expect(looks).toBe(before);
    await tab.page.evaluate(() => Object.defineProperty(document, 'hidden', { value: false }));
    await tab.page.clock.runFor(2000);
    await expect.poll(() => looks, PATIENTLY).toBeGreaterThan(before);
  });
});
