import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { executable, launch, PATIENTLY, places, Stage, type Tab } from './stage.ts';

const LABELS: Readonly<Record<string, string>> = {
  websockets: 'WebSockets',
  sse: 'Server-sent events',
  polling: 'Long polling',
  json: 'JSON',
  messagepack: 'MessagePack',
};

describe.skipIf(executable === undefined)('the chat page', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launch();
  });
  afterAll(() => browser.close());
  const ways = [
    { transport: 'websockets', protocol: 'json' },
    { transport: 'sse', protocol: 'json' },
    { transport: 'polling', protocol: 'json' },
    { transport: 'websockets', protocol: 'messagepack' },
    { transport: 'polling', protocol: 'messagepack' },
  ];
  const cases = places.flatMap((place) => ways.map(({ transport, protocol }) => ({ place, transport, protocol })));
  describe.each(cases)('$place, over $transport with $protocol', ({ place, transport, protocol }) => {
    let stage: Stage;
    let ada: Tab;
    let bob: Tab;
    beforeAll(async () => {
      stage = await Stage.open(browser, place);
      [ada, bob] = await Promise.all([stage.tab({ transport, protocol }), stage.tab({ transport, protocol })]);
      await ada.join('Ada');
      await bob.join('Bob');
    });
    afterAll(async () => {
      await stage.close();
      expect(stage.problems).toEqual([]);
    });

    it('lets two tabs talk', async () => {
      await ada.say('Hello, Bob 👋 <b>&amp;</b>');
      await bob.hears('Hello, Bob 👋 <b>&amp;</b>');
      await bob.say('first line\nsecond line');
      await ada.hears('first line\nsecond line');
    });

    it('shows what carries the connection, as the server sees it', async () => {
      expect(await ada.text('#status-phase')).toBe('Connected');
      expect(await ada.text('#status-transport')).toBe(LABELS[transport]);
      expect(await ada.text('#status-protocol')).toBe(LABELS[protocol]);
      expect(await ada.people()).toEqual({ Ada: LABELS[transport], Bob: LABELS[transport] });
      await ada.reads('#status-rtt', /^\d+(\.\d)? ms$/);
      expect(await ada.text('#status-id')).toMatch(/^[\w-]{22}$/);
    });

    it('streams a counter, and stops it on the server when it is cancelled', async () => {
      await ada.page.getByRole('button', { name: 'Count to 100' }).click();
      await ada.reads('#counter', /^([5-9]|\d\d)$/);
      await ada.page.getByRole('button', { name: 'Cancel' }).click();
      await ada.reads('#counter-text', /^Cancelled\. The server stopped at \d+\.$/);

      const stoppedAt = Number(/\d+/.exec(await ada.text('#counter-text'))?.[0]);
      expect(stoppedAt).toBeGreaterThanOrEqual(5);
      expect(stoppedAt).toBeLessThan(100);
      expect(Number(await ada.text('#counter'))).toBeLessThanOrEqual(stoppedAt);
    });

    it('streams lines to the server, which the others see one by one', async () => {
      await ada.page.locator('#lines').fill('one\ntwo\n\nthree');
      await ada.page.getByRole('button', { name: 'Stream these lines' }).click();
      const growing = bob.page.locator('.message:not(.own) .text').last();
      await expect.poll(() => growing.innerText(), PATIENTLY).toBe('one');
      await expect.poll(() => growing.innerText(), PATIENTLY).toBe('one\ntwo\nthree');
      await ada.reads('#upload-text', 'The server counted 3 lines.');
    });

    it('is asked by the server and answers', async () => {
      await ada.page.getByRole('button', { name: 'Ask to clear the room' }).click();
      await bob.reads('#question-text', 'Ada would like to clear #lobby, with its 3 messages?');
      expect(await ada.page.locator('#question').isVisible()).toBe(false);
      await bob.page.getByRole('button', { name: 'Yes' }).click();

      await ada.reads('#votes', 'Bob: yes');
      await ada.reads('#votes', 'The room is cleared.');
      await bob.reads('#log', 'Ada had the room cleared');
      expect(await bob.page.locator('.message').count()).toBe(0);
    });
  });
});

describe.skipIf(executable === undefined).each(places)('a tab of the chat page, %s,', (place) => {
  let browser: Browser;
  let stage: Stage;
  beforeAll(async () => {
    browser = await launch();
  });
  afterAll(() => browser.close());
  beforeEach(async () => {
    stage = await Stage.open(browser, place);
  });
  afterEach(async () => {
    await stage.close();
    expect(stage.problems).toEqual([]);
  });

  it('switches transport and protocol in place: name, room and messages stay', async () => {
    const ada = await stage.tab({ room: 'hallway' });
    const bob = await stage.tab({ room: 'hallway' });
    await ada.join('Ada');
    await bob.join('Bob');
    await bob.say('before');
    await ada.hears('before');

    for (const [choice, transport, protocol] of [
      ['Long polling', 'Long polling', 'JSON'],
      ['MessagePack', 'Long polling', 'MessagePack'],
      ['WebSockets', 'WebSockets', 'MessagePack'],
      ['Server-sent events', 'Server-sent events', 'JSON'],
    ] as const) {
      await ada.page.getByRole('radio', { name: choice }).check({ force: true });
      await ada.phase('connected');
      expect(await ada.text('#status-protocol')).toBe(protocol);
      await expect.poll(() => bob.people(), PATIENTLY).toEqual({ Ada: transport, Bob: 'WebSockets' });
      await ada.say(`now over ${transport} with ${protocol}`);
      await bob.hears(`now over ${transport} with ${protocol}`);
    }
    expect(await ada.page.locator('.text', { hasText: 'before' }).count()).toBe(1);
    expect(new URL(ada.page.url()).search).toBe('?transport=sse&protocol=json&room=hallway');
  });

  it('explains why server-sent events and MessagePack do not go together', async () => {
    const ada = await stage.tab({ transport: 'websockets', protocol: 'messagepack' });
    expect(await ada.page.locator('#switch-hint').isVisible()).toBe(false);
    await ada.page.getByRole('radio', { name: 'Server-sent events' }).check({ force: true });
    await ada.phase('connected');
    expect(await ada.text('#switch-hint')).toMatch(/^Switched to JSON as well\. MessagePack is bytes/);
    expect(await ada.page.getByRole('radio', { name: 'MessagePack' }).isDisabled()).toBe(true);

    const linked = await stage.tab({ transport: 'sse', protocol: 'messagepack' });
    expect(await linked.text('#status-protocol')).toBe('JSON');
    expect(await linked.text('#switch-hint')).toMatch(/^MessagePack is bytes/);
  });

  it('keeps a private note between the two', async () => {
    const [ada, bob, eve] = [await stage.tab(), await stage.tab({ transport: 'polling' }), await stage.tab()];
    await ada.join('Ada');
    await bob.join('Bob');
    await eve.join('Eve');
    await ada.page.getByRole('button', { name: 'Private note to Bob' }).click();
    await ada.say('just for you');
    await bob.hears('just for you');
    expect(await bob.text('.note .message-head')).toContain('only to you');
    await ada.page.keyboard.press('Escape');
    await ada.say('for all');
    await eve.hears('for all');
    expect(await eve.page.locator('.text', { hasText: 'just for you' }).count()).toBe(0);
  });

  it('shows who is typing, and that a name is taken', async () => {
    const [ada, bob] = [await stage.tab(), await stage.tab()];
    await ada.join('Ada');
    await bob.page.locator('#nickname').fill('ada');
    await bob.page.keyboard.press('Enter');
    await bob.reads('#join-error', 'Someone in #lobby is called Ada already. Pick another name.');
    await bob.join('Bob');
    await bob.page.locator('#text').pressSequentially('hm');
    await ada.reads('#typing', 'Bob is typing');
    await bob.page.keyboard.press('Enter');
    await ada.hears('hm');
    expect(await ada.page.locator('#typing').textContent()).toBe('');
  });

  it('keeps its name and room over a reload, and lets a second tab have its own', async () => {
    const ada = await stage.tab({ room: 'backstage' });
    await ada.join('Ada');
    await ada.say('still here');
    await ada.reads('.own .text', 'still here');
    await ada.page.reload();
    await ada.reads('.own .text', 'still here');
    expect(await ada.people()).toEqual({ Ada: 'WebSockets' });

    const second = await ada.page.context().newPage();
    await second.goto(ada.page.url());
    await second.locator('#nickname').waitFor();
    expect(await second.locator('#nickname').inputValue()).not.toBe('Ada');
  });
});
