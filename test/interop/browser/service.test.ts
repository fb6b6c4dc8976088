import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../../../bench/daemon.ts';
import { FarmBuild } from '../farm-process.ts';
import { executable, launch, PATIENTLY, Tab } from './stage.ts';

const PICTURES = process.env['STATUS_SCREENSHOTS'] ?? join(tmpdir(), 'signalbox-status');

/** The demo, as `npm start` runs it. */
class Demo {
  output = '';
  readonly ended: Promise<unknown>;
  readonly #child: ReturnType<FarmBuild['spawn']>;

  constructor(build: FarmBuild, environment: NodeJS.ProcessEnv) {
    const clean = { HOST: '', PORT: '0', REDIS_URL: '', SIGNALBOX_ACCESS_KEY: '' };
    this.#child = build.spawn('examples/chat/server.js', [], { ...clean, ...environment });
    for (const stream of [this.#child.stdout, this.#child.stderr]) stream.on('data', (chunk: Buffer) => (this.output += chunk.toString()));
    this.ended = once(this.#child, 'close').then(([code]) => code as unknown);
  }

  async started(): Promise<this> {
    await expect.poll(() => this.output, PATIENTLY).toContain('Ctrl+C stops both.');
    return this;
  }

  /** What stands behind a word of what it prints. */
  printed(word: string): string {
    return new RegExp(`^ {2}${word} +(\\S+)$`, 'm').exec(this.output)?.[1] ?? '';
  }

  end(signal: NodeJS.Signals = 'SIGTERM'): Promise<unknown> {
    this.#child.kill(signal);
    return this.ended;
  }
}

describe('the demo with the service', () => {
  let build: FarmBuild;
  let running: Demo[] = [];
  beforeAll(async () => {
    mkdirSync(PICTURES, { recursive: true });
    build = await FarmBuild.make();
  });
  afterAll(() => build.remove());
  afterEach(async () => {
    await Promise.all(running.splice(0).map((demo) => demo.end('SIGKILL')));
  });

  function start(environment: NodeJS.ProcessEnv = {}): Demo {
    const demo = new Demo(build, environment);
    running.push(demo);
    return demo;
  }

  it.each(['SIGINT', 'SIGTERM'] as const)(
    'prints its addresses and a connection string that survives restarts, and ends well at %s',
    async (signal) => {
      const demo = await start().started();
      const text = demo.printed('connection string');
      const page = demo.printed('status page');
      expect(page).toMatch(/^http:\/\/localhost:\d+\/$/);
      expect(text).toMatch(/^Endpoint=http:\/\/localhost:\d+;AccessKey=[A-Za-z0-9+/]{64};Version=1\.0;$/);
      expect(text).toContain(`Endpoint=${page.slice(0, -1)};`);
      expect((await fetch(demo.printed('chat'))).status).toBe(200);
      expect(await demo.end(signal)).toBe(0);
      expect(demo.output).not.toMatch(/Error|signalbox (?:warn|error)/);
      const again = await start().started();
      expect(/AccessKey=[^;]+/.exec(again.printed('connection string'))?.[0]).toBe(/AccessKey=[^;]+/.exec(text)?.[0]);
    },
  );

  it('says in words that another one runs, and keeps out of its way with another port', async () => {
    const port = `${await freePort()}`;
    await start({ PORT: port }).started();
    const second = start({ PORT: port });
    expect(await second.ended).toBe(1);
    expect(second.output).toBe(
      `EADDRINUSE: Port ${port} is taken, perhaps by another npm start. Choose another: PORT=${Number(port) + 2} npm start\n`,
    );
  });

  it('takes the next free port for the chat', async () => {
    const port = await freePort();
    const taken = createServer().listen(port + 1, '127.0.0.1');
    await once(taken, 'listening');
    const demo = await start({ PORT: `${port}` }).started();
    taken.close();
    expect(demo.printed('chat')).toBe(`http://127.0.0.1:${port + 2}/`);
  });

  it('listens on this machine only, unless it is given a key, which it does not show', async () => {
    const refused = start({ HOST: '0.0.0.0' });
    expect(await refused.ended).toBe(1);
    expect(refused.output).toContain("CHAT_HOST: HOST is '0.0.0.0', which other machines may reach.");
    const key = `own-${'k'.repeat(40)}`;
    const own = await start({ SIGNALBOX_ACCESS_KEY: key }).started();
    expect(own.output).not.toContain(key);
  });

  it('leaves several servers to the chat without the service', async () => {
    const child = build.spawn('examples/chat/server.js', ['--servers', '3'], { REDIS_URL: 'redis://127.0.0.1' });
    let error = '';
    child.stderr.on('data', (chunk: Buffer) => (error += chunk.toString()));
    expect(await once(child, 'close')).toEqual([1, null]);
    expect(error).toBe('CHAT_SERVERS: Only hub servers can be several: npm start -- --hub --servers 3\n');
  });

  describe.skipIf(executable === undefined)('in a browser', () => {
    let browser: Browser;
    beforeAll(async () => {
      browser = await launch();
    });
    afterAll(() => browser.close());

    it('shows on its status page what the chat does', async () => {
      const demo = await start().started();
      const [page, ada, bob] = await Promise.all([0, 1, 2].map(async () => new Tab(await (await browser.newContext()).newPage())));
      if (!page || !ada || !bob) throw new Error('no tabs');
      await page.page.goto(demo.printed('status page'));
      await expect.poll(() => page.text('.hub h3'), PATIENTLY).toBe('chat');
      await expect.poll(() => page.text('.app-servers li'), PATIENTLY).toContain('5 server connections');
      expect(await page.page.locator('#nobody').isVisible()).toBe(false);
      for (const [tab, name] of [
        [ada, 'Ada'],
        [bob, 'Bob'],
      ] as const) {
        await tab.page.goto(demo.printed('chat'));
        await tab.phase('connected');
        await tab.join(name);
      }
      await ada.say('over the service');
      await bob.hears('over the service');
      await expect.poll(() => page.text('#clients'), PATIENTLY).toBe('2');
      await expect.poll(async () => Number((await page.text('#messages-note')).split(' ')[0]), PATIENTLY).toBeGreaterThan(3);
      await page.page.screenshot({ path: join(PICTURES, 'demo.png'), fullPage: true });
      await Promise.all([ada, bob].map((tab) => tab.page.context().close()));
      await expect.poll(() => page.text('#clients'), PATIENTLY).toBe('0');
      expect([page, ada, bob].flatMap(({ problems }) => problems)).toEqual([]);
      await page.page.context().close();
    });
  });
});
