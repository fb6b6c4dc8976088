import { existsSync } from 'node:fs';
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core';
import { startChat, type Chat, type ChatOptions } from '../../../examples/chat/app.ts';
import { ServiceRig } from '../../service/rig.ts';

const CANDIDATES = [process.env['CHROMIUM'], '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** The browser to test with, if there is one. */
export const executable: string | undefined = CANDIDATES.find((path) => path !== undefined && path !== '' && existsSync(path));
if (executable === undefined) console.warn('Skipped: the tests in a browser. There is no chromium; CHROMIUM may name one.');

const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** How `expect.poll` waits for what other processes do. */
export const PATIENTLY = { timeout: 15_000 };

export function launch(): Promise<Browser> {
  return chromium.launch({ executablePath: executable ?? '', headless: true, args: ARGUMENTS });
}

/** What a tab opens with, besides what the browser is told. */
export interface Opening extends BrowserContextOptions {
  readonly transport?: string;
  readonly protocol?: string;
  readonly room?: string;
  /** Runs before the page loads. */
  readonly prepare?: (page: Page) => Promise<unknown>;
}

/** One tab with the chat page, and all that went wrong in it. */
export class Tab {
  readonly page: Page;
  /** Console errors and warnings, uncaught exceptions, requests that failed or were refused. */
  readonly problems: string[] = [];

  constructor(page: Page) {
    this.page = page;
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') this.problems.push(`${message.type()}: ${message.text()}`);
    });
    page.on('pageerror', (error) => this.problems.push(`uncaught: ${error.message}`));
    page.on('response', (response) => {
      if (response.status() >= 400) this.problems.push(`${response.status()} ${response.url()}`);
    });
    page.on('requestfailed', (request) => {
      // What the page itself takes back, such as a poll at the end of a connection, has not failed.
      const reason = request.failure()?.errorText ?? '';
      if (reason !== 'net::ERR_ABORTED') this.problems.push(`${reason} ${request.url()}`);
    });
  }

  /** Waits until the page is in this phase of its connection. */
  async phase(name: 'connected' | 'reconnecting' | 'failed'): Promise<void> {
    await this.page.locator(`body[data-phase=${name}]`).waitFor();
  }

  async join(nickname: string): Promise<void> {
    await this.page.locator('#nickname').fill(nickname);
    await this.page.keyboard.press('Enter');
    await this.page.locator('#talk').waitFor();
  }

  async say(text: string): Promise<void> {
    await this.page.locator('#text').fill(text);
    await this.page.keyboard.press('Enter');
  }

  /** Waits until the conversation has this message of someone else's. */
  async hears(text: string): Promise<void> {
    await this.page.locator('.message:not(.own) .text', { hasText: text }).waitFor();
  }

  /** Waits until an element's text is, or matches, this. */
  async reads(selector: string, text: string | RegExp): Promise<void> {
    await this.page.locator(selector, { hasText: text }).first().waitFor();
  }

  /** Who is in the room, and how the server says that each is connected. */
  async people(): Promise<Record<string, string>> {
    const items = this.page.locator('#people li');
    const entries = await items.evaluateAll((list) =>
      list.map((item) => [item.querySelector('bdi')?.textContent ?? '', item.querySelector('small')?.textContent ?? '']),
    );
    return Object.fromEntries(entries) as Record<string, string>;
  }

  text(selector: string): Promise<string> {
    return this.page.locator(selector).innerText();
  }
}

/** Where the chat's clients are. */
export type Place = 'in its own process' | 'over the service';

export const places: readonly Place[] = ['in its own process', 'over the service'];

/** How a chat is started that has its clients at a service, or has them itself. */
export function optionsAt(service: ServiceRig | undefined, host: string, port: number): ChatOptions {
  return { host, port, ...(service && { connectionString: service.connectionString }) };
}

/** A chat server and the tabs that look at it. */
export class Stage {
  readonly #browser: Browser;
  readonly #tabs: Tab[] = [];
  readonly #service: ServiceRig | undefined;
  #chat: Chat;

  private constructor(browser: Browser, chat: Chat, service: ServiceRig | undefined) {
    this.#browser = browser;
    this.#chat = chat;
    this.#service = service;
  }

  static async open(browser: Browser, place: Place = 'in its own process'): Promise<Stage> {
    const service = place === 'over the service' ? await ServiceRig.start() : undefined;
    return new Stage(browser, await startChat(optionsAt(service, '127.0.0.1', 0)), service);
  }

  /** Each tab is a browser profile of its own, so nothing but the server connects two of them. */
  async tab({ transport, protocol, room, prepare, ...context }: Opening = {}): Promise<Tab> {
    const page = await (await this.#browser.newContext(context)).newPage();
    const tab = new Tab(page);
    this.#tabs.push(tab);
    await prepare?.(page);
    const chosen = Object.entries({ transport, protocol, room }).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]));
    await page.goto(`${this.#chat.url}/?${new URLSearchParams(chosen)}`);
    await tab.phase('connected');
    return tab;
  }

  stopServer(): Promise<void> {
    return this.#chat.close();
  }

  /** At the same address as before. */
  async restartServer(): Promise<void> {
    const { hostname, port } = new URL(this.#chat.url);
    this.#chat = await startChat(optionsAt(this.#service, hostname, Number(port)));
  }

  /** All that went wrong in any tab. */
  get problems(): string[] {
    return this.#tabs.flatMap((tab) => tab.problems);
  }

  async close(): Promise<void> {
    await Promise.all(this.#tabs.map((tab) => tab.page.context().close()));
    // Nobody is left to hear the end: a closed tab that polled would be waited for.
    await this.#chat.close({ timeout: 100 });
    await this.#service?.close();
  }
}
