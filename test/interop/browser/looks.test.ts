import { mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { keyboardStops, lowContrast, tooWide } from './inspection.ts';
import { executable, launch, Stage, type Tab } from './stage.ts';

/** Where the pictures go. */
const PICTURES = process.env['CHAT_SCREENSHOTS'] ?? join(tmpdir(), 'signalbox-chat');
const DESKTOP = { width: 1440, height: 900 };
const PHONE = { width: 360, height: 740 };
const LONG = 'Donaudampfschifffahrtsgesellschaftskapitän'.repeat(4);

describe.skipIf(executable === undefined)('the chat page looks right', () => {
  let browser: Browser;
  let stage: Stage;
  beforeAll(async () => {
    mkdirSync(PICTURES, { recursive: true });
    browser = await launch();
  });
  afterAll(() => browser.close());
  beforeEach(async () => {
    stage = await Stage.open(browser);
  });
  afterEach(() => stage.close());

  const picture = (tab: Tab, name: string): Promise<unknown> => tab.page.screenshot({ path: join(PICTURES, `${name}.png`) });

  /** Two tabs with something of everything to see: both sides' messages, a note, a notice, a question. */
  async function conversation(colorScheme: 'light' | 'dark', viewport = DESKTOP): Promise<{ ada: Tab; bob: Tab }> {
    const ada = await stage.tab({ colorScheme, viewport, reducedMotion: 'reduce' });
    const bob = await stage.tab({ viewport: DESKTOP, transport: 'polling' });
    await ada.join('Amber Fox');
    await bob.join('Quiet Heron');
    await bob.say('Morning! Is this thing on?');
    await ada.hears('Morning!');
    await ada.say('Loud and clear. I am on WebSockets, you?');
    await bob.hears('Loud and clear.');
    await bob.say('Long polling. Watch the round trip at the top of the page:\nnothing else on the page should tell the difference.');
    await ada.hears('Long polling.');
    await bob.page.getByRole('button', { name: 'Private note to Amber Fox' }).click();
    await bob.say('Between us: the hub is two hundred lines.');
    await ada.hears('Between us');
    return { ada, bob };
  }

  it.each(['light', 'dark'] as const)('has enough contrast everywhere in the %s', async (colorScheme) => {
    const { ada, bob } = await conversation(colorScheme);
    await ada.page.locator('#counter-toggle').click();
    await ada.reads('#counter', /^\d\d$/);
    await picture(ada, `desktop-${colorScheme}`);
    await bob.page.locator('#ask').click();
    await ada.page.locator('#question').waitFor();
    await ada.page.locator('.people button').click();
    expect(await ada.page.evaluate(lowContrast)).toEqual([]);
    await ada.page.locator('#question-no').click();
    await ada.page.locator('#ask').click();
    await ada.reads('#votes', 'Waiting for answers');
    await ada.page.getByRole('radio', { name: 'Server-sent events' }).check({ force: true });
    await ada.reads('#switch-hint', 'MessagePack is bytes');
    expect(await ada.page.evaluate(lowContrast)).toEqual([]);

    await stage.stopServer();
    await ada.phase('reconnecting');
    await ada.say('into the void');
    await ada.reads('#log', 'Not sent.');
    expect(await ada.page.evaluate(lowContrast)).toEqual([]);
    await picture(ada, `disconnected-${colorScheme}`);
  });

  it.each(['light', 'dark'] as const)('has enough contrast at the door and in an empty room in the %s', async (colorScheme) => {
    const ada = await stage.tab({ colorScheme, viewport: DESKTOP });
    await ada.page.locator('#nickname').fill(' ');
    await ada.page.keyboard.press('Enter');
    await ada.reads('#join-error', 'A name needs at least one letter.');
    expect(await ada.page.evaluate(lowContrast)).toEqual([]);
    await picture(ada, `door-${colorScheme}`);
    await ada.join('Amber Fox');
    await ada.reads('#empty-title', 'Nobody else is here yet');
    expect(await ada.page.evaluate(lowContrast)).toEqual([]);
    await picture(ada, `empty-${colorScheme}`);
  });

  it('goes round light, dark and the system with its own button', async () => {
    const ada = await stage.tab({ colorScheme: 'dark' });
    const background = (): Promise<string> => ada.page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const button = ada.page.getByRole('button', { name: 'Colours' });
    const dark = await background();
    await button.click();
    expect(await background()).not.toBe(dark);
    await ada.page.reload();
    expect(await background()).not.toBe(dark);
    await button.click();
    expect(await background()).toBe(dark);
  });

  it('fits a phone of 360 pixels in every part and state', async () => {
    const { ada, bob } = await conversation('light', PHONE);
    await picture(ada, 'phone-chat');
    await bob.page.keyboard.press('Escape');
    await bob.say(LONG);
    await ada.hears(LONG);
    const third = await stage.tab();
    await third.join('W'.repeat(24));
    await third.page.locator('#text').pressSequentially('x');
    await ada.reads('#typing', 'is typing');
    expect(await ada.page.evaluate(tooWide)).toEqual([]);

    await ada.page.getByRole('button', { name: 'Rooms & people' }).click();
    await picture(ada, 'phone-people');
    expect(await ada.page.evaluate(tooWide)).toEqual([]);
    await bob.page.locator('#ask').click();
    await ada.page.locator('#question').waitFor();
    expect(await ada.page.evaluate(tooWide)).toEqual([]);
    await picture(ada, 'phone-question');
    await ada.page.locator('#question-no').click();

    await ada.page.getByRole('button', { name: 'Under the hood' }).click();
    expect(await ada.page.evaluate(tooWide)).toEqual([]);
    await picture(ada, 'phone-hood');
    await stage.stopServer();
    await ada.phase('reconnecting');
    expect(await ada.page.evaluate(tooWide)).toEqual([]);
    await picture(ada, 'phone-disconnected');
  });

  it.each([360, 640, 760, 960, 1024, 1180, 1920, 2560])('does not scroll sideways at %i pixels', async (width) => {
    const ada = await stage.tab({ viewport: { width, height: 800 }, transport: 'sse' });
    expect(await ada.page.evaluate(tooWide)).toEqual([]);
    await ada.join('W'.repeat(24));
    expect(await ada.page.evaluate(tooWide)).toEqual([]);
  });

  it('can be used by keyboard alone: everything is reached, in order, and seen to be', async () => {
    const { ada, bob } = await conversation('light');
    await bob.page.locator('#ask').click();
    await ada.page.locator('#question').waitFor();
    const { expected, reached, unmarked } = await keyboardStops(ada.page);
    expect(expected.length).toBeGreaterThan(20);
    expect(expected[0]).toBe('skip');
    expect(reached).toEqual(expected);
    expect(unmarked).toEqual([]);

    await ada.page.locator('#text').focus();
    await ada.page.keyboard.type('sent with Enter');
    await ada.page.keyboard.press('Shift+Enter');
    await ada.page.keyboard.type('as two lines');
    await ada.page.keyboard.press('Enter');
    await bob.hears('sent with Enter\nas two lines');
    await ada.page.keyboard.press('Tab');
    await ada.page.keyboard.press('Tab');
    await ada.page.keyboard.press('Enter');
    await bob.reads('#votes', 'Amber Fox: yes');
  });

  it('announces messages, the connection and a question to a screen reader', async () => {
    const { ada, bob } = await conversation('light');
    const log = ada.page.getByRole('log', { name: 'Messages' });
    expect(await log.getByText('Between us').count()).toBe(1);
    expect(await ada.page.getByRole('status').filter({ hasText: 'Connected' }).count()).toBe(1);
    await bob.page.locator('#ask').click();
    const question = ada.page.getByRole('dialog', { name: 'The server asks you' });
    await question.waitFor();
    expect(await question.getByRole('alert').innerText()).toContain('Quiet Heron would like to clear');
    const unnamed = await ada.page.evaluate(() =>
      [...document.querySelectorAll<HTMLElement>('button, input, textarea, a')]
        .filter((control) => control.checkVisibility())
        .filter((control) => {
          const labels = 'labels' in control ? [...(control.labels as NodeListOf<HTMLElement>)].map((label) => label.textContent) : [];
          return [control.ariaLabel, control.textContent, ...labels].every((name) => (name ?? '').trim() === '');
        })
        .map((control) => control.outerHTML),
    );
    expect(unnamed).toEqual([]);
  });
});
