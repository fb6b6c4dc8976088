import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, BrowserContextOptions } from 'playwright-core';
import { expect } from 'vitest';
import type { StatusHistory } from '../../../src/status-page/history-data.ts';
import { statusPage } from '../../../src/status-page/status-page.ts';
import type { ServiceStatus, Traffic } from '../../../src/status-page/status.ts';
import { sampleStatus } from '../../status-page/sample-status.ts';
import { PATIENTLY, Tab } from './stage.ts';

/** Where the pictures go. */
const PICTURES = process.env['STATUS_SCREENSHOTS'] ?? join(tmpdir(), 'signalbox-status');
const DESKTOP = { width: 1280, height: 900 };

export const PHONE = { width: 360, height: 740 };

const grown = (traffic: Traffic, steps: number): Traffic => ({
  messagesIn: traffic.messagesIn + Math.round(steps * 90 + 40 * Math.sin(steps)),
  messagesOut: traffic.messagesOut + Math.round(steps * 900 + 300 * Math.sin(steps / 2)),
  bytesIn: traffic.bytesIn + Math.round(steps * 7000 + 3000 * Math.sin(steps)),
  bytesOut: traffic.bytesOut + Math.round(steps * 71_000 + 30_000 * Math.sin(steps / 2)),
});

/** A page over a service that is made up, and the tabs that look at it. */
export class StatusStage {
  /** What each look sees. */
  status: () => ServiceStatus = sampleStatus;
  history: (() => StatusHistory) | undefined;
  /** Answers before the page does, if it returns true. */
  instead: (request: IncomingMessage, response: ServerResponse) => boolean = () => false;
  readonly #browser: Browser;
  #server: Server | undefined;
  #port = 0;
  readonly #tabs: Tab[] = [];
  /** Requests to elsewhere, and what the content security policy was against. */
  readonly offences: string[] = [];

  constructor(browser: Browser) {
    this.#browser = browser;
    mkdirSync(PICTURES, { recursive: true });
  }

  get url(): string {
    return `http://localhost:${this.#port}`;
  }

  /** At the same port as before, if there was one. */
  async start(): Promise<void> {
    const { history } = this;
    const page = statusPage(() => this.status(), history ? { history } : {});
    const server = createServer((request, response) => {
      if (!this.instead(request, response) && !page(request, response)) response.writeHead(404).end();
    });
    this.#server = server;
    server.listen(this.#port, '127.0.0.1');
    await once(server, 'listening');
    ({ port: this.#port } = server.address() as AddressInfo);
  }

  async stop(): Promise<void> {
    const server = this.#server;
    if (server?.listening !== true) return;
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  }

  async close(): Promise<void> {
    await Promise.all(this.#tabs.splice(0).map(({ page }) => page.context().close()));
    await this.stop();
  }

  /** Every look sees more traffic. */
  moving(base: ServiceStatus): void {
    let steps = 0;
    this.status = () => {
      steps++;
      const hubs = base.hubs.map((hub, index) =>
        hub.clients === 0 ? hub : { ...hub, traffic: grown(hub.traffic, steps), billed: hub.billed + steps * (940 - 300 * index) },
      );
      const { bytesIn, bytesOut } = base.serverTraffic;
      return {
        ...base,
        traffic: grown(base.traffic, steps),
        serverTraffic: { bytesIn: bytesIn + steps * 68_000, bytesOut: bytesOut + steps * 9000 },
        billed: hubs.reduce((sum, { billed }) => sum + billed, 0),
        closed: { ...base.closed, Normal: (base.closed.Normal ?? 0) + steps * 3 },
        hubs,
      };
    };
  }

  /** @param hash as in the address */
  async open({ hash = '', ...options }: BrowserContextOptions & { readonly hash?: string } = {}): Promise<Tab> {
    const context = await this.#browser.newContext({ viewport: DESKTOP, reducedMotion: 'reduce', ...options });
    const tab = new Tab(await context.newPage());
    this.#tabs.push(tab);
    tab.page.on('request', (request) => {
      if (!request.url().startsWith(`${this.url}/`)) this.offences.push(request.url());
    });
    await tab.page.exposeFunction('offended', (what: string) => this.offences.push(what));
    await tab.page.addInitScript(() => {
      const { offended } = globalThis as unknown as { offended: (what: string) => void };
      addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) => offended(`${violatedDirective} ${blockedURI}`));
    });
    await tab.page.goto(`${this.url}/${hash}`);
    await tab.page.locator('body[data-phase=running]').waitFor();
    return tab;
  }
}

export const picture = (tab: Tab, name: string): Promise<unknown> =>
  tab.page.screenshot({ path: join(PICTURES, `${name}.png`), fullPage: true });

/** Waits until an element's text matches. */
export const reads = (tab: Tab, selector: string, text: string | RegExp): Promise<void> =>
  expect.poll(() => tab.text(selector), PATIENTLY).toMatch(text);
