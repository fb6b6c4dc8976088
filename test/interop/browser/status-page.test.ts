import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, BrowserContextOptions } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { statusPage } from '../../../src/status-page/status-page.ts';
import type { ServiceStatus, Traffic } from '../../../src/status-page/status.ts';
import { connections, emptyStatus, MARKUP, sampleAppServer, sampleHub, sampleStatus } from '../../status-page/sample-status.ts';
import { keyboardStops, lowContrast, tooWide } from './inspection.ts';
import { executable, launch, PATIENTLY, Tab } from './stage.ts';

/** Where the pictures go. */
const PICTURES = process.env['STATUS_SCREENSHOTS'] ?? join(tmpdir(), 'signalbox-status');
const DESKTOP = { width: 1280, height: 900 };
const PHONE = { width: 360, height: 740 };

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

const grown = (traffic: Traffic, steps: number): Traffic => ({
  messagesIn: traffic.messagesIn + Math.round(steps * 90 + 40 * Math.sin(steps)),
  messagesOut: traffic.messagesOut + Math.round(steps * 900 + 300 * Math.sin(steps / 2)),
  bytesIn: traffic.bytesIn + Math.round(steps * 7000 + 3000 * Math.sin(steps)),
  bytesOut: traffic.bytesOut + Math.round(steps * 71_000 + 30_000 * Math.sin(steps / 2)),
});

describe.skipIf(executable === undefined)('the status page in a browser', () => {
  let browser: Browser;
  let server: Server;
  let port = 0;
  let tabs: Tab[] = [];
  let status: () => ServiceStatus;
  beforeAll(async () => {
    mkdirSync(PICTURES, { recursive: true });
    browser = await launch();
  });
  afterAll(() => browser.close());
  beforeEach(async () => {
    port = 0;
    await start();
  });
  afterEach(async () => {
    await Promise.all(tabs.splice(0).map(({ page }) => page.context().close()));
    if (server.listening) await stop();
  });

  /** At the same port as before, if there was one. */
  async function start(): Promise<void> {
    const page = statusPage(() => status());
    server = createServer((request, response) => {
      if (!page(request, response)) response.writeHead(404).end();
    });
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    ({ port } = server.address() as AddressInfo);
  }

  async function stop(): Promise<void> {
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  }

  /** Every look sees more traffic. */
  function moving(base: ServiceStatus): void {
    let steps = 0;
    status = () => {
      steps++;
      const hubs = base.hubs.map((hub) => ({ ...hub, traffic: hub.clients === 0 ? hub.traffic : grown(hub.traffic, steps) }));
      return { ...base, traffic: grown(base.traffic, steps), hubs };
    };
  }

  async function open(options: BrowserContextOptions = {}): Promise<Tab> {
    const tab = new Tab(await (await browser.newContext({ viewport: DESKTOP, reducedMotion: 'reduce', ...options })).newPage());
    tabs.push(tab);
    await tab.page.goto(`http://localhost:${port}/`);
    await tab.page.locator('body[data-phase=running]').waitFor();
    return tab;
  }

  const picture = (tab: Tab, name: string): Promise<unknown> =>
    tab.page.screenshot({ path: join(PICTURES, `${name}.png`), fullPage: true });
  const reads = (tab: Tab, selector: string, text: string | RegExp): Promise<void> =>
    expect.poll(() => tab.text(selector), PATIENTLY).toMatch(text);

  it.each(['light', 'dark'] as const)('shows connections, hubs, app servers and traffic, readable in the %s', async (colorScheme) => {
    moving(busy);
    const tab = await open({ colorScheme });
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
    await expect.poll(() => tab.page.locator('#messages-line .line.out').getAttribute('d'), PATIENTLY).toMatch(/(?:L.*){3}/);
    expect(await tab.page.evaluate(lowContrast)).toEqual([]);
    expect(await tab.page.evaluate(tooWide)).toEqual([]);
    await picture(tab, `busy-${colorScheme}`);
    expect(tab.problems).toEqual([]);
  });

  it.each(['light', 'dark'] as const)('says in the %s what to do where no app server is connected', async (colorScheme) => {
    status = () => emptyStatus;
    const tab = await open({ colorScheme });
    const text = `Endpoint=http://localhost:${port};AccessKey=…;Version=1.0;`;
    expect(await tab.text('#connection-string')).toBe(text);
    expect(await tab.text('#line-dotnet')).toBe(`builder.Services.AddSignalR().AddAzureSignalR("${text}");`);
    expect(await tab.text('#line-node')).toBe(`signalr.connect('${text}');`);
    expect(await tab.page.evaluate(lowContrast)).toEqual([]);
    await picture(tab, `empty-${colorScheme}`);
    status = () => busy;
    await tab.page.locator('#nobody').waitFor({ state: 'hidden' });
    await reads(tab, '#clients', '1,284');
    expect(tab.problems).toEqual([]);
  });

  it.each(['light', 'dark'] as const)(
    'says in the %s that the service is gone, keeps the last figures, and goes on after a restart',
    async (colorScheme) => {
      moving(busy);
      const tab = await open({ colorScheme });
      await stop();
      await tab.page.locator('body[data-phase=unreachable]').waitFor();
      expect(await tab.page.getByRole('status').innerText()).toBe('Out of reach');
      expect(await tab.text('#banner')).toContain("The service can't be reached.");
      expect(await tab.text('#clients')).toBe('1,284');
      expect(await tab.page.evaluate(lowContrast)).toEqual([]);
      await picture(tab, `gone-${colorScheme}`);
      status = () => ({ ...emptyStatus, node: 'another' });
      await start();
      await tab.page.locator('body[data-phase=running]').waitFor();
      expect(await tab.text('#node')).toBe('another');
      expect(await tab.page.locator('.hub').count()).toBe(0);
      expect(await tab.page.locator('#banner').isVisible()).toBe(false);
    },
  );

  it('shows what peers call themselves as text, however long', async () => {
    const long = 'W'.repeat(300);
    status = () =>
      sampleStatus({
        hubs: [
          sampleHub({
            name: MARKUP,
            appServers: [sampleAppServer({ id: MARKUP, userAgent: MARKUP }), sampleAppServer({ id: long, userAgent: long })],
          }),
          sampleHub({ name: long }),
        ],
      });
    const tab = await open({ viewport: PHONE });
    expect(await tab.page.locator('.hub h3').allTextContents()).toEqual([MARKUP, long]);
    expect(await tab.page.locator('.id').first().textContent()).toBe(MARKUP);
    expect(await tab.page.locator('main img, main script').count()).toBe(0);
    expect(await tab.page.title()).toBe('Signalbox service');
    expect(await tab.page.evaluate(tooWide)).toEqual([]);
    expect(tab.problems).toEqual([]);
  });

  it.each([360, 560, 760, 1000, 1280, 1920])('does not scroll sideways at %i pixels, in any state', async (width) => {
    moving(busy);
    const tab = await open({ viewport: { width, height: 800 } });
    await reads(tab, '#messages-out', /^[\d,]{3,}$/);
    expect(await tab.page.evaluate(tooWide)).toEqual([]);
    if (width === PHONE.width) await picture(tab, 'phone-busy');
    status = () => emptyStatus;
    await tab.page.locator('#nobody').waitFor();
    expect(await tab.page.evaluate(tooWide)).toEqual([]);
    if (width === PHONE.width) await picture(tab, 'phone-empty');
    await stop();
    await tab.page.locator('body[data-phase=unreachable]').waitFor();
    expect(await tab.page.evaluate(tooWide)).toEqual([]);
  });

  it('keeps its order and its elements while figures change, so that what is selected or read out stays', async () => {
    status = () => busy;
    const tab = await open();
    await tab.page
      .locator('.hub')
      .first()
      .evaluate((node) => node.setAttribute('data-kept', ''));
    status = () => ({ ...busy, hubs: [sampleHub({ name: 'a-new-one' }), ...busy.hubs.slice(0, 2)] });
    await expect
      .poll(() => tab.page.locator('.hub h3').allInnerTexts(), PATIENTLY)
      .toEqual(['a-new-one', 'chathub', 'myapp_notifications']);
    expect(await tab.page.locator('.hub[data-kept] h3').innerText()).toBe('chathub');
  });

  it('can be used by keyboard, and is told to a screen reader: headings, regions, and the state alone as it changes', async () => {
    status = () => emptyStatus;
    const tab = await open();
    const { expected, reached, unmarked } = await keyboardStops(tab.page);
    expect(reached).toEqual(expected);
    expect(expected.length).toBe(3);
    expect(unmarked).toEqual([]);
    expect(await tab.page.getByRole('heading', { level: 1 }).count()).toBe(1);
    expect(await tab.page.getByRole('region', { name: 'No app server is connected' }).count()).toBe(1);
    expect(await tab.page.getByRole('status').allInnerTexts()).toEqual(['Running']);
    status = () => busy;
    await tab.page.getByRole('region', { name: 'Hubs' }).waitFor();
    expect(await tab.page.getByRole('list', { name: 'App servers' }).first().getByRole('listitem').count()).toBe(2);
  });

  it('does not look while nobody sees it', async () => {
    let looks = 0;
    status = () => {
      looks++;
      return emptyStatus;
    };
    const tab = await open();
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
