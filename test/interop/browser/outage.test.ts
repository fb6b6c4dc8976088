import type { Browser, Request } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { executable, launch, PATIENTLY, places, Stage } from './stage.ts';

describe.skipIf(executable === undefined).each(places)('the chat page, %s, without its server', (place) => {
  let browser: Browser;
  let stage: Stage;
  beforeAll(async () => {
    browser = await launch();
  });
  afterAll(() => browser.close());
  beforeEach(async () => {
    stage = await Stage.open(browser, place);
  });
  afterEach(() => stage.close());

  it.each(['websockets', 'sse', 'polling'])('says so over %s, keeps what is typed, and comes back by itself', async (transport) => {
    const ada = await stage.tab({ transport });
    const bob = await stage.tab({ transport });
    await ada.join('Ada');
    await bob.join('Bob');
    await ada.say('before');
    await bob.hears('before');

    await stage.stopServer();
    await ada.phase('reconnecting');
    await ada.reads('#banner-text', 'The server is out of reach.');
    await ada.reads('#banner-time', /^Attempt \d+/);
    await ada.say('meanwhile');
    await ada.reads('#log', 'Not sent.');
    expect(await ada.page.locator('#text').inputValue()).toBe('meanwhile');

    await stage.restartServer();
    await ada.phase('connected');
    await bob.phase('connected');
    await expect.poll(async () => Object.keys(await ada.people()), PATIENTLY).toEqual(['Ada', 'Bob']);
    expect(await ada.page.locator('#banner').isVisible()).toBe(false);
    await ada.page.locator('#text').press('Enter');
    await bob.hears('meanwhile');
    await bob.hears('before');
  });
});

describe.skipIf(executable === undefined)('the chat page without its server', () => {
  let browser: Browser;
  let stage: Stage;
  beforeAll(async () => {
    browser = await launch();
  });
  afterAll(() => browser.close());
  beforeEach(async () => {
    stage = await Stage.open(browser);
  });
  afterEach(() => stage.close());

  it('tries at once when asked to', async () => {
    const ada = await stage.tab();
    await ada.join('Ada');
    await stage.stopServer();
    // Far enough into the waiting that coming back on its own would take seconds.
    await ada.reads('#banner-time', /^Attempt 4 in/);
    await stage.restartServer();
    await ada.page.getByRole('button', { name: 'Try now' }).click();
    await ada.phase('connected');
    await expect.poll(() => ada.people(), PATIENTLY).toEqual({ Ada: 'WebSockets' });
  });

  it('gives up after two minutes, and connects again when asked to', async () => {
    const ada = await stage.tab({ prepare: (page) => page.clock.install() });
    await ada.join('Ada');
    await stage.stopServer();
    await ada.phase('reconnecting');
    await expect
      .poll(
        async () => {
          await ada.page.clock.runFor(10_000);
          return ada.text('#status-phase');
        },
        { timeout: 30_000 },
      )
      .toBe('Disconnected');
    expect(await ada.text('#banner-text')).toContain('Disconnected');

    await stage.restartServer();
    await ada.page.getByRole('button', { name: 'Connect again' }).click();
    await ada.phase('connected');
    await expect.poll(() => ada.people(), PATIENTLY).toEqual({ Ada: 'WebSockets' });
  });

  it('waits for a server that is not there yet', async () => {
    const ada = await stage.tab();
    await stage.stopServer();
    await ada.phase('reconnecting');
    // A new connection: its first start fails, which the client does not repeat by itself.
    await ada.page.getByRole('radio', { name: 'Long polling' }).check({ force: true });
    await ada.reads('#banner-time', /^Attempt 2/);
    await stage.restartServer();
    await ada.phase('connected');
    expect(await ada.text('#status-transport')).toBe('Long polling');
  });

  it('notices a cut during its start, after which the official client believes to be connected', async () => {
    const ada = await stage.tab();
    await ada.join('Ada');
    const isStream = (request: Request): boolean => request.resourceType() === 'eventsource';
    // Whoever is first: the server that ends it, or the client that has read of the end.
    const streamEnded = Promise.any([ada.page.waitForEvent('requestfinished', isStream), ada.page.waitForEvent('requestfailed', isStream)]);
    // The client's first ping, behind the handshake: its POST is held back, and answered well only after the cut.
    await ada.page.route(/chat\?id=/, async (route) => {
      if (route.request().postData()?.includes('"type":6') !== true) return route.fallback();
      await stage.stopServer();
      await streamEnded;
      return route.fulfill({ status: 200 });
    });
    await ada.page.getByRole('radio', { name: 'Server-sent events' }).check({ force: true });
    await ada.phase('reconnecting');
    await ada.page.unrouteAll();
    await stage.restartServer();
    await ada.phase('connected');
    await expect.poll(() => ada.people(), PATIENTLY).toEqual({ Ada: 'Server-sent events' });
  });
});
