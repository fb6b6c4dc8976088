import { HubConnectionBuilder, LogLevel, Subject, type HubConnection } from '@microsoft/signalr';
import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startChat, type Chat } from '../../../examples/chat/app.ts';
import type { Vote } from '../../../examples/chat/hub.ts';
import { limits, type Message, type Person, type RoomSummary } from '../../../examples/chat/rooms.ts';
import { ServiceRig } from '../../service/rig.ts';
import { optionsAt, places } from './stage.ts';

/** One client of the hub, with all that it was told. */
class Client {
  readonly connection: HubConnection;
  readonly seat: string;
  readonly heard: [event: string, ...args: unknown[]][] = [];
  readonly #waiting = new Set<() => void>();

  constructor(url: string, seat: string = randomBytes(16).toString('hex')) {
    this.seat = seat;
    this.connection = new HubConnectionBuilder().withUrl(`${url}/chat`).configureLogging(LogLevel.None).build();
    for (const event of [
      'rooms',
      'entered',
      'people',
      'arrived',
      'left',
      'message',
      'line',
      'note',
      'typing',
      'voteEnded',
      'counterStopped',
    ]) {
      this.connection.on(event, (...args: unknown[]) => {
        this.heard.push([event, ...args]);
        for (const look of this.#waiting) look();
      });
    }
  }

  /** Resolves with what it was told on coming in. */
  async enter(room: string, nickname: string): Promise<unknown[]> {
    await this.connection.invoke('enter', room, nickname, this.seat);
    return this.heard.findLast(([event]) => event === 'entered') ?? [];
  }

  /** What it heard of an event so far. */
  all<Argument>(event: string): Argument[] {
    return this.heard.filter(([name]) => name === event).map(([, argument]) => argument as Argument);
  }

  /** Waits for an event whose first argument passes. */
  async hears<Argument>(event: string, passes: (argument: Argument) => boolean): Promise<Argument> {
    for (;;) {
      const found = this.all<Argument>(event).find(passes);
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => {
        const look = (): void => {
          this.#waiting.delete(look);
          resolve();
        };
        this.#waiting.add(look);
      });
    }
  }

  votes(): Promise<Vote[]> {
    const votes: Vote[] = [];
    return new Promise((resolve, reject) => {
      this.connection
        .stream<Vote>('clearRoom')
        .subscribe({ next: (vote) => votes.push(vote), complete: () => resolve(votes), error: reject });
    });
  }
}

describe.each(places)('the hub of the demo, %s,', (place) => {
  let chat: Chat;
  let service: ServiceRig | undefined;
  const clients: Client[] = [];
  beforeEach(async () => {
    service = place === 'over the service' ? await ServiceRig.start() : undefined;
    chat = await startChat(optionsAt(service, '127.0.0.1', 0));
  });
  afterEach(async () => {
    await Promise.all(clients.splice(0).map(({ connection }) => connection.stop()));
    await chat.close();
    await service?.close();
  });

  async function client(seat?: string): Promise<Client> {
    const made = new Client(chat.url, seat);
    clients.push(made);
    await made.connection.start();
    return made;
  }

  async function member(nickname: string, room = 'lobby'): Promise<Client> {
    const made = await client();
    await made.enter(room, nickname);
    return made;
  }

  it('lists the rooms at once, and their members as they come and go', async () => {
    const ada = await client();
    const first = await ada.hears<RoomSummary[]>('rooms', () => true);
    expect(first).toEqual([
      { name: 'lobby', people: 0 },
      { name: 'hallway', people: 0 },
      { name: 'backstage', people: 0 },
    ]);
    const bob = await member('Bob', 'Hallway');
    await ada.hears<RoomSummary[]>('rooms', (rooms) => rooms.some(({ name, people }) => name === 'hallway' && people === 1));
    await bob.connection.stop();
    await ada.hears<RoomSummary[]>('rooms', (rooms) => rooms !== first && rooms.every(({ people }) => people === 0));
  });

  it('tells a room who arrives and leaves, and nobody else', async () => {
    const [ada, eve] = [await member('Ada'), await member('Eve', 'hallway')];
    const bob = await member('Bob');
    await ada.hears('arrived', (name) => name === 'Bob');
    await ada.hears<Person[]>('people', (people) => people.map(({ nickname }) => nickname).join() === 'Ada,Bob');
    await bob.connection.invoke('leave');
    await ada.hears('left', (name) => name === 'Bob');
    await expect(bob.connection.invoke('say', 'hello?')).rejects.toThrow('HubException: Join a room first.');
    expect(eve.all('arrived')).toEqual([]);
  });

  it('moves someone to another room: the messages of the old one stop', async () => {
    const [ada, bob] = [await member('Ada'), await member('Bob')];
    await bob.enter('hallway', 'Bob');
    await ada.hears('left', (name) => name === 'Bob');
    await ada.connection.invoke('say', 'gone already?');
    await bob.connection.invoke('say', 'an echo here');
    await bob.hears<Message>('message', ({ text }) => text === 'an echo here');
    expect(bob.all<Message>('message').map(({ text }) => text)).toEqual(['an echo here']);
  });

  it('gives a name to one member of a room, whatever its case', async () => {
    await member('Ada');
    const other = await client();
    await expect(other.enter('lobby', ' ADA ')).rejects.toThrow(
      'HubException: Someone in #lobby is called Ada already. Pick another name.',
    );
    expect(await other.enter('hallway', 'ADA')).toEqual(['entered', 'hallway', 'ADA', []]);
  });

  it('leaves someone where they are when the other room refuses them', async () => {
    await member('Ada', 'hallway');
    const other = await member('Ada');
    await expect(other.enter('hallway', 'Ada')).rejects.toThrow('Pick another name.');
    await other.connection.invoke('say', 'still in the lobby');
    await other.hears<Message>('message', ({ text }) => text === 'still in the lobby');
  });

  it('lets whoever shows the seat take the name over, before the old connection has ended', async () => {
    const [ada, bob] = [await member('Ada'), await member('Bob')];
    const again = await client(ada.seat);
    await again.enter('lobby', 'Ada');
    await again.hears<Person[]>('people', (people) => people.map(({ nickname }) => nickname).join() === 'Ada,Bob');
    await ada.connection.stop();
    await again.connection.invoke('say', 'back');
    await bob.hears<Message>('message', ({ text }) => text === 'back');
    expect(bob.all('left')).toEqual([]);
  });

  it('remembers the last messages of a room, and no more', async () => {
    const ada = await member('Ada');
    for (let index = 0; index < limits.history + 5; index++) await ada.connection.invoke('say', `message ${index}`);
    const bob = await client();
    const [, , , entered] = await bob.enter('lobby', 'Bob');
    const history = entered as Message[];
    expect(history.length).toBe(limits.history);
    expect(history[0]?.text).toBe('message 5');
    expect(history.at(-1)).toMatchObject({ from: 'Ada', text: `message ${limits.history + 4}` });
  });

  it('opens rooms up to a limit, giving up empty ones, but never the lobby', async () => {
    const ada = await client();
    for (let index = 0; index < limits.rooms * 2; index++) await ada.enter(`room-${index}`, 'Ada');
    const rooms = ada.all<RoomSummary[]>('rooms').at(-1) ?? [];
    expect(rooms.length).toBe(limits.rooms);
    expect(rooms[0]?.name).toBe('lobby');
    expect(rooms.at(-1)?.name).toBe(`room-${limits.rooms * 2 - 1}`);
  });

  it.each([
    ['an empty name', ['enter', 'lobby', ' ', 'a'.repeat(32)]],
    ['a long name', ['enter', 'lobby', 'x'.repeat(limits.name + 1), 'a'.repeat(32)]],
    ['a name with a control character', ['enter', 'lobby', 'a\u0007b', 'a'.repeat(32)]],
    ['a name that turns the text around', ['enter', 'lobby', 'a\u202eb', 'a'.repeat(32)]],
    ['a room with a slash', ['enter', 'a/b', 'Ada', 'a'.repeat(32)]],
    ['no seat', ['enter', 'lobby', 'Ada', '']],
    ['an empty message', ['say', '  ']],
    ['a long message', ['say', 'x'.repeat(limits.text + 1)]],
    ['a message that is none', ['say', { toString: 'x' }]],
    ['too few arguments', ['note', 'Bob']],
  ])('refuses %s', async (_, [method = '', ...args]) => {
    const ada = await member('Ada');
    await expect(ada.connection.invoke(method as string, ...args)).rejects.toThrow(
      `Failed to invoke '${method as string}' due to an error on the server.`,
    );
  });

  it('carries a note to one member, and tells when there is none', async () => {
    const [ada, bob, eve] = [await member('Ada'), await member('Bob'), await member('Eve')];
    await ada.connection.invoke('note', 'bob', 'psst');
    expect(await bob.hears<Message>('note', () => true)).toMatchObject({ from: 'Ada', to: 'Bob', text: 'psst' });
    await ada.hears('note', () => true);
    await expect(ada.connection.invoke('note', 'Zoe', 'psst')).rejects.toThrow('HubException: Zoe is not here any more.');
    await ada.connection.invoke('say', 'aloud');
    await eve.hears('message', () => true);
    expect(eve.all('note')).toEqual([]);
  });

  it('tells the others of a room who is typing, not the one who does', async () => {
    const [ada, bob] = [await member('Ada'), await member('Bob')];
    await ada.connection.invoke('typing');
    await bob.hears('typing', (name) => name === 'Ada');
    expect(ada.all('typing')).toEqual([]);
  });

  it('takes lines until it is enough', async () => {
    const [ada, bob] = [await member('Ada'), await member('Bob')];
    const lines = new Subject<string>();
    const counted = ada.connection.invoke<number>('upload', lines);
    for (const line of ['one', 'two']) lines.next(line);
    lines.complete();
    expect(await counted).toBe(2);
    const { id, text } = await bob.hears<Message>('message', () => true);
    expect(text).toBe('one');
    await bob.hears('line', (messageId) => messageId === id);

    const many = new Subject<string>();
    const refused = expect(ada.connection.invoke('upload', many)).rejects.toThrow(
      `HubException: That is enough: a message has at most ${limits.lines} lines.`,
    );
    for (let index = 0; index <= limits.lines; index++) many.next('x');
    await refused;
  });

  it('asks all the others, and clears the room when most agree', async () => {
    const [ada, bob, eve] = [await member('Ada'), await member('Bob'), await member('Eve')];
    await ada.connection.invoke('say', 'to be forgotten');
    ada.connection.on('confirm', () => Promise.reject(new Error('Ada is not to be asked.')));
    bob.connection.on('confirm', () => true);
    eve.connection.on('confirm', () => true);
    const votes = await ada.votes();
    expect(votes).toEqual(
      expect.arrayContaining([
        { from: 'Bob', answer: 'yes' },
        { from: 'Eve', answer: 'yes' },
      ]),
    );
    expect(votes.at(-1)).toEqual({ cleared: true });
    const late = await client();
    expect(await late.enter('lobby', 'Late')).toEqual(['entered', 'lobby', 'Late', []]);
  });

  it.each([
    ['no', () => false],
    ['silent', () => Promise.reject(new Error('out of order'))],
    ['silent', () => 'perhaps'],
  ])('keeps the room when the one other answers %s', async (answer, confirm) => {
    const [ada, bob] = [await member('Ada'), await member('Bob')];
    await ada.connection.invoke('say', 'to be kept');
    bob.connection.on('confirm', confirm);
    expect(await ada.votes()).toEqual([{ from: 'Bob', answer }, { cleared: false }]);
    await bob.hears('voteEnded', (by) => by === 'Ada');
  });

  it('asks the caller who is alone, and counts one who goes as silent', async () => {
    const ada = await member('Ada');
    let asked: unknown;
    ada.connection.on('confirm', (question: unknown) => {
      asked = question;
      return true;
    });
    expect(await ada.votes()).toEqual([{ from: 'Ada', answer: 'yes' }, { cleared: true }]);
    expect(asked).toMatchObject({ from: 'Ada', text: 'You are alone here. Clear #lobby, with its 0 messages?' });

    const bob = await member('Bob');
    bob.connection.on('confirm', async () => {
      await bob.connection.stop();
      return true;
    });
    expect(await ada.votes()).toEqual([{ from: 'Bob', answer: 'silent' }, { cleared: false }]);
  });

  it('holds one vote at a time, which its caller may call off', async () => {
    const [ada, bob] = [await member('Ada'), await member('Bob')];
    let question = (): void => {};
    const asked = new Promise<void>((resolve) => {
      question = resolve;
    });
    bob.connection.on('confirm', () => {
      question();
      return new Promise<boolean>(() => {});
    });
    const vote = ada.connection.stream<Vote>('clearRoom').subscribe({ next: () => {}, complete: () => {}, error: () => {} });
    await asked;
    await expect(bob.votes()).rejects.toThrow('HubException: A vote is under way.');
    vote.dispose();
    await bob.hears('voteEnded', (by) => by === 'Ada');
    bob.connection.off('confirm');
    bob.connection.on('confirm', () => true);
    expect((await ada.votes()).at(-1)).toEqual({ cleared: true });
  });

  it('counts to the end, or stops where it was cancelled', async () => {
    const ada = await client();
    const numbers = await new Promise<number[]>((resolve, reject) => {
      const got: number[] = [];
      ada.connection
        .stream<number>('count', 5, 20)
        .subscribe({ next: (number) => got.push(number), complete: () => resolve(got), error: reject });
    });
    expect(numbers).toEqual([1, 2, 3, 4, 5]);
    await new Promise<void>((resolve) => {
      const counting = ada.connection.stream<number>('count', 1000, 20).subscribe({
        next: (number) => {
          if (number < 3) return;
          counting.dispose();
          resolve();
        },
        complete: () => {},
        error: () => {},
      });
    });
    expect(await ada.hears<number>('counterStopped', () => true)).toBeLessThan(1000);
  });
});
