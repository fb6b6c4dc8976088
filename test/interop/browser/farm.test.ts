import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, BrowserContextOptions } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { freePort } from '../../../bench/daemon.ts';
import { RedisServer, redisIsHere } from '../../redis/redis-server.ts';
import { FarmBuild } from '../farm-process.ts';
import { lowContrast, tooWide } from './inspection.ts';
import { executable, launch, PATIENTLY, Tab } from './stage.ts';

const PICTURES = process.env['CHAT_SCREENSHOTS'] ?? join(tmpdir(), 'signalbox-chat');
const DESKTOP = { width: 1440, height: 900 };
const PHONE = { width: 360, height: 740 };

/** The first of as many ports that are free, one behind the other. */
async function freePorts(count: number): Promise<number> {
  for (;;) {
    const first = await freePort();
    const probes = Array.from({ length: count }, () => createServer());
    const free = await Promise.all(
      probes.map(
        (probe, index) =>
          new Promise<boolean>((resolve) => {
            probe.once('error', () => resolve(false));
            if (first + index > 65_535) resolve(false);
            else probe.listen(first + index, '127.0.0.1', () => resolve(true));
          }),
      ),
    );
    for (const probe of probes) if (probe.listening) await new Promise((resolve) => probe.close(resolve));
    if (free.every(Boolean)) return first;
  }
}

/** The demo as a farm, as `npm start -- --hub --servers 3` runs it. */
class ChatFarm {
  output = '';
  readonly port: number;
  readonly ended: Promise<unknown>;
  readonly #child: ReturnType<FarmBuild['spawn']>;

  constructor(build: FarmBuild, port: number, args: readonly string[], environment: NodeJS.ProcessEnv) {
    this.port = port;
    this.#child = build.spawn('examples/chat/server.js', ['--hub', ...args], { HOST: '', REDIS_URL: '', PORT: `${port}`, ...environment });
    for (const stream of [this.#child.stdout, this.#child.stderr]) stream.on('data', (chunk: Buffer) => (this.output += chunk.toString()));
    this.ended = once(this.#child, 'close').then(([code]) => code as unknown);
  }

  prints(text: string): Promise<void> {
    return expect.poll(() => this.output, PATIENTLY).toContain(text);
  }

  processAt(port: number): number {
    return Number(new RegExp(`:${port} \\(process (\\d+)\\)`).exec(this.output)?.[1]);
  }

  end(signal: NodeJS.Signals = 'SIGTERM'): Promise<unknown> {
    this.#child.kill(signal);
    return this.ended;
  }
}

describe.skipIf(executable === undefined || !redisIsHere)('the chat as a farm of three servers', () => {
  let build: FarmBuild;
  let browser: Browser;
  let redis: RedisServer;
  let farm: ChatFarm | undefined;
  let tabs: Tab[] = [];
  beforeAll(async () => {
    mkdirSync(PICTURES, { recursive: true });
    [build, browser] = await Promise.all([FarmBuild.make(), launch()]);
  });
  afterAll(async () => {
    await browser.close();
    await build.remove();
  });
  beforeEach(async () => {
    redis = await RedisServer.start();
  });
  afterEach(async () => {
    await Promise.all(tabs.splice(0).map(({ page }) => page.context().close()));
    await farm?.end();
    farm = undefined;
    await redis.stop();
  });

  async function start(redisUrl = redis.url): Promise<ChatFarm> {
    farm = new ChatFarm(build, await freePorts(3), ['--servers', '3'], { REDIS_URL: redisUrl });
    await farm.prints('Ctrl+C stops them all.');
    return farm;
  }

  /** A page of the server with this number, from 0. */
  async function open(server: number, options: BrowserContextOptions = {}): Promise<Tab> {
    const tab = new Tab(await (await browser.newContext({ viewport: DESKTOP, reducedMotion: 'reduce', ...options })).newPage());
    tabs.push(tab);
    await tab.page.goto(`http://127.0.0.1:${(farm?.port ?? 0) + server}/`);
    return tab;
  }

  async function joined(server: number, nickname: string, options?: BrowserContextOptions): Promise<Tab> {
    const tab = await open(server, options);
    await tab.phase('connected');
    await tab.join(nickname);
    return tab;
  }

  const picture = (tab: Tab, name: string): Promise<unknown> => tab.page.screenshot({ path: join(PICTURES, `farm-${name}.png`) });
  const servers = (tab: Tab, text: string): Promise<void> => expect.poll(() => tab.text('#status-server'), PATIENTLY).toBe(text);
  const away = (tab: Tab): Promise<void> =>
    expect
      .poll(() => tab.text('#farm-banner'), PATIENTLY)
      .toBe("The farm's Redis is away: messages reach this server's pages now, and the others when it is back.");

  it('lets a page on one server talk to a page on another, and says which server it is on', async () => {
    const { port, output } = await start();
    for (const server of [0, 1, 2])
      expect(output).toMatch(new RegExp(`^  http://127\\.0\\.0\\.1:${port + server} \\(process \\d+\\)$`, 'm'));

    const ada = await joined(0, 'Ada');
    await servers(ada, `:${port} of 3`);
    await ada.reads('#second-tab', `Open a second tab, at :${port + 1}`);
    expect(await ada.page.locator('#second-tab').getAttribute('href')).toMatch(`http://127.0.0.1:${port + 1}/?`);
    await picture(ada, 'empty');
    const bob = await joined(1, 'Bob', { viewport: PHONE });
    const eve = await joined(2, 'Eve', { colorScheme: 'dark' });
    await servers(eve, `:${port + 2} of 3`);

    await ada.say('from the first');
    for (const tab of [bob, eve]) await tab.hears('from the first');
    await eve.say('from the third');
    for (const tab of [ada, bob]) await tab.hears('from the third');
    for (const tab of [ada, bob, eve])
      await expect.poll(async () => Object.keys(await tab.people()), PATIENTLY).toEqual(['Ada', 'Bob', 'Eve']);
    expect(await ada.page.locator('#people .at').allInnerTexts()).toEqual([0, 1, 2].map((server) => `at :${port + server}`));

    await ada.page.getByRole('button', { name: 'Private note to Bob' }).click();
    await ada.say('only for you');
    await bob.hears('only for you');
    await ada.page.keyboard.press('Escape');
    expect(await eve.page.locator('.text', { hasText: 'only for you' }).count()).toBe(0);
    for (const [tab, name] of [
      [ada, 'light'],
      [eve, 'dark'],
      [bob, 'phone'],
    ] as const) {
      await picture(tab, name);
      expect(await tab.page.evaluate(lowContrast)).toEqual([]);
      expect(await tab.page.evaluate(tooWide)).toEqual([]);
    }

    await ada.page.getByRole('button', { name: 'Ask to clear the room' }).click();
    for (const tab of [bob, eve]) await tab.page.getByRole('button', { name: 'Yes' }).click();
    await ada.reads('#votes', 'The room is cleared.');
    await bob.reads('#log', 'Ada had the room cleared');
    expect(tabs.flatMap(({ problems }) => problems)).toEqual([]);
  });

  it('gives who comes later the history and the names of all servers', async () => {
    await start();
    const ada = await joined(0, 'Ada');
    await ada.say('before you came');
    await ada.page.locator('#lines').fill('one\ntwo');
    await ada.page.getByRole('button', { name: 'Stream these lines' }).click();
    await ada.reads('#upload-text', 'The server counted 2 lines.');
    const bob = await open(1);
    await bob.phase('connected');
    await bob.reads('.rooms', /lobby1 person/);
    await bob.page.locator('#nickname').fill('ada');
    await bob.page.keyboard.press('Enter');
    await bob.reads('#join-error', 'Someone in #lobby is called Ada already.');
    await bob.join('Bob');
    await bob.hears('before you came');
    await bob.hears('one\ntwo');
  });

  it('says that Redis is away, goes on among the pages of one server, and tells the others afterwards', async () => {
    const { port } = await start();
    const [ada, bob, eve] = [
      await joined(0, 'Ada'),
      await joined(1, 'Bob', { viewport: PHONE }),
      await joined(0, 'Eve', { colorScheme: 'dark' }),
    ];
    await servers(ada, `:${port} of 3`);
    await redis.stop();
    for (const tab of [ada, bob, eve]) await away(tab);
    await farm?.prints(`CHAT_REDIS_AWAY: The farm's Redis at 127.0.0.1:${redis.port} can't be reached`);
    expect(await bob.page.evaluate(tooWide)).toEqual([]);
    for (const tab of [ada, eve]) expect(await tab.page.evaluate(lowContrast)).toEqual([]);
    await ada.say('Is anybody there?');
    await eve.hears('Is anybody there?');
    await picture(ada, 'redis-away-light');
    await picture(eve, 'redis-away-dark');
    await picture(bob, 'redis-away-phone');
    await servers(ada, `:${port}`);
    expect(await bob.page.locator('.text', { hasText: 'Is anybody there?' }).count()).toBe(0);

    await redis.start();
    await bob.hears('Is anybody there?');
    for (const tab of [ada, bob, eve]) await tab.page.locator('#farm-banner').waitFor({ state: 'hidden' });
    await farm?.prints('is there again: the servers are one farm.');
    await bob.say('Here again.');
    await ada.hears('Here again.');
    expect(await ada.page.locator('.text', { hasText: 'Is anybody there?' }).count()).toBe(1);
  });

  it('starts without Redis, says so, and is a farm when it is there', async () => {
    await redis.stop();
    await start();
    await farm?.prints(`CHAT_REDIS_AWAY: The farm's Redis at 127.0.0.1:${redis.port} can't be reached`);
    const ada = await open(0);
    await away(ada);
    await ada.phase('connected');
    await picture(ada, 'redis-not-there');
    await redis.start();
    await farm?.prints('is there again');
    const bob = await joined(2, 'Bob');
    await ada.phase('connected');
    await ada.join('Ada');
    await ada.say('at last');
    await bob.hears('at last');
  });

  it('says that a server has died, does not start it again, and goes on without it', async () => {
    const { port } = await start();
    const [ada, bob] = [await joined(0, 'Ada'), await joined(1, 'Bob')];
    const eve = await joined(2, 'Eve');
    await servers(ada, `:${port} of 3`);
    process.kill(farm?.processAt(port + 2) ?? 0, 'SIGKILL');
    await farm?.prints(
      `CHAT_SERVER_ENDED: The server at http://127.0.0.1:${port + 2} ended with SIGKILL, and is not started again. 2 of 3 go on.`,
    );
    await eve.phase('reconnecting');
    await eve.reads('#banner-text', 'The server is out of reach.');
    await servers(ada, `:${port} of 2`);
    await expect.poll(async () => Object.keys(await ada.people()), PATIENTLY).toEqual(['Ada', 'Bob']);
    await bob.say('still here');
    await ada.hears('still here');
  });

  it.each(['SIGINT', 'SIGTERM'] as const)('ends all of them on %s', async (signal) => {
    const { port } = await start();
    const ada = await joined(1, 'Ada');
    expect(await farm?.end(signal)).toBe(0);
    await ada.phase('reconnecting');
    for (const server of [0, 1, 2]) await expect(fetch(`http://127.0.0.1:${port + server}/`)).rejects.toThrow('fetch failed');
    expect(farm?.output).not.toMatch(/CHAT_|Error|signalbox (?:warn|error)/);
  });

  it.each([
    [['--servers', '3'], {}, 'CHAT_REDIS_URL_MISSING: 3 servers need a Redis that joins them.'],
    [['--servers', '0'], {}, "CHAT_SERVERS: --servers is to be a whole number from 1 to 16, not '0'."],
    [['--servers', 'many'], {}, "CHAT_SERVERS: --servers is to be a whole number from 1 to 16, not 'many'."],
    [['--server', '3'], {}, "CHAT_ARGUMENTS: Unknown option '--server'"],
    [['--servers', '2'], { REDIS_URL: 'http://127.0.0.1' }, 'CHAT_REDIS_URL: REDIS_URL is to begin with redis:// or rediss://'],
    [['--servers', '2'], { REDIS_URL: 'redis://127.0.0.1', PORT: '65535' }, 'CHAT_PORT: 2 servers from port 65535 on are more'],
  ])('refuses %j with %j in words', async (args, environment, message) => {
    const refused = new ChatFarm(build, 0, args, environment);
    expect(await refused.ended).toBe(1);
    expect(refused.output).toContain(message);
    expect(refused.output).not.toContain('    at ');
  });

  it('starts none where one of the ports is taken', async () => {
    const port = await freePorts(3);
    const taken = createServer().listen(port + 1, '127.0.0.1');
    await once(taken, 'listening');
    const refused = new ChatFarm(build, port, ['--servers', '3'], { REDIS_URL: redis.url });
    expect(await refused.ended).toBe(1);
    taken.close();
    expect(refused.output).toContain(
      `EADDRINUSE: One of the ports ${port} to ${port + 2} is taken. Choose others: PORT=${port + 3} npm start -- --hub --servers 3`,
    );
    await expect(fetch(`http://127.0.0.1:${port}/`)).rejects.toThrow('fetch failed');
  });
});
