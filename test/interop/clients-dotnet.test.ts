import { describe, expect, test } from 'vitest';
import { altered } from './recorded/altered.ts';
import { startRecordedHost } from './recorded/host.ts';
import { Player } from './recorded/player.ts';
import { parseRecording, readRecording, type Session } from './recorded/session.ts';

const { headers, sessions } = readRecording('clients-dotnet.json');

async function play(session: Session): Promise<void> {
  const server = await startRecordedHost();
  try {
    await new Player(session, server, headers).play();
  } finally {
    await server.close();
  }
}

describe('what the .NET client said to ASP.NET Core, said to this server', { timeout: 60_000 }, () => {
  describe('is answered alike', () => {
    for (const session of sessions) test(session.name, () => play(session));
  });
});

describe('the player', { timeout: 60_000 }, () => {
  describe('notices a single answer that differs', () => {
    for (const session of sessions) {
      test(session.name, () => expect(play(altered(session))).rejects.toThrow(/^Event \d+, /));
    }
  });

  test('notices a message that the recording has not', async () => {
    const session = sessions.find(({ name }) => name === 'automatic reconnect WebSockets');
    const [first, ...events] = session?.events.filter((event) => !('text' in event && event.text?.includes('"result":"after"'))) ?? [];
    if (first === undefined) throw new Error('The session is gone.');
    await expect(play({ name: 'shortened', protocol: 'json', events: [first, ...events] })).rejects.toThrow('that the recording has not');
  });

  test.for([
    ['an event of another kind', { at: 'client', kind: 'udp-packet', conn: 1 }],
    ['a field that it does not know', { at: 'recorder', kind: 'cut', conn: 1, gently: true }],
    ['an event that lacks something', { at: 'server', kind: 'http-response', conn: 1 }],
  ] as const)('refuses a file with %s', ([, event]) => {
    const text = JSON.stringify({ about: { headers: {} }, sessions: [{ name: 'odd', protocol: 'json', events: [event] }] });
    expect(() => parseRecording(text)).toThrow();
  });

  test('refuses a file without sessions', () => {
    expect(() => parseRecording(JSON.stringify({ about: { headers: {} }, sessions: [] }))).toThrow();
  });
});
