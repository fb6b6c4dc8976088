import assert from 'node:assert/strict';
import { SharedPayload } from '../base/payload.ts';
import type { Connection, ConnectionListener } from '../transport/connection.ts';
import type { ConformanceCase } from './conformance-case.ts';

/** What a case gets: one connection, whose server end nobody has received from yet, and its client. */
export interface ConnectedClient {
  readonly connection: Connection;
  /** Sends bytes, each call behind the one before. */
  send(text: string): Promise<void>;
  /** What has arrived, each message, event or poll answer apart. */
  readonly messages: readonly string[];
  /** Resolves when something else has arrived, or the connection has ended for the client. */
  changed(): Promise<void>;
  /** Whether the connection has ended for the client. */
  readonly ended: boolean;
  /** Goes without a word. */
  vanish(): void;
}

export type ConnectionCase = ConformanceCase<ConnectedClient>;

/** Notes everything that it is told. */
class Notes implements ConnectionListener {
  text = '';
  readonly closings: (Error | undefined)[] = [];
  onReceived: (text: string) => void = () => {};
  #changed: () => void = () => {};

  received(chunk: Buffer): void {
    const text = chunk.toString();
    this.text += text;
    this.onReceived(text);
    this.#changed();
  }

  drained(): void {}

  closed(error: Error | undefined): void {
    this.closings.push(error);
    this.#changed();
  }

  async until(reached: () => boolean): Promise<void> {
    while (!reached()) await new Promise<void>((resolve) => (this.#changed = resolve));
  }
}

function receive(connection: Connection): Notes {
  const notes = new Notes();
  connection.receive(notes);
  return notes;
}

async function arrival(client: ConnectedClient, reached: () => boolean): Promise<void> {
  while (!reached()) await client.changed();
}

const arrived = (client: ConnectedClient): string => client.messages.join('');

/** What would have happened by now, has happened after some turns of the event loop. */
async function turns(): Promise<void> {
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
}

const reading: readonly ConnectionCase[] = [
  {
    name: 'what the client sends arrives in order',
    run: async (client) => {
      const notes = receive(client.connection);
      for (const text of ['a', 'b', 'c', 'd']) await client.send(text);
      await notes.until(() => notes.text.length === 4);
      assert.equal(notes.text, 'abcd');
    },
  },
  {
    name: 'what came before anybody received is not lost',
    run: async (client) => {
      await client.send('early');
      const notes = receive(client.connection);
      await client.send(' late');
      await notes.until(() => notes.text.endsWith('late'));
      assert.equal(notes.text, 'early late');
    },
  },
  {
    name: 'nothing arrives while paused, and everything after it, in order',
    run: async (client) => {
      const notes = receive(client.connection);
      client.connection.pause();
      client.connection.pause();
      await client.send('a');
      await client.send('b');
      await turns();
      assert.equal(notes.text, '');
      client.connection.resume();
      await client.send('c');
      await notes.until(() => notes.text.length === 3);
      assert.equal(notes.text, 'abc');
    },
  },
  {
    name: 'pausing while something arrives holds back what is behind it',
    run: async (client) => {
      const notes = receive(client.connection);
      notes.onReceived = () => client.connection.pause();
      await client.send('a');
      await notes.until(() => notes.text === 'a');
      await client.send('b');
      await turns();
      assert.equal(notes.text, 'a');
      client.connection.resume();
      await notes.until(() => notes.text === 'ab');
    },
  },
  {
    name: 'bytes are a sign of life',
    run: async (client) => {
      const notes = receive(client.connection);
      const before = client.connection.alive;
      await new Promise((resolve) => setTimeout(resolve, 5));
      await client.send('a');
      await notes.until(() => notes.text === 'a');
      assert.ok(client.connection.alive > before);
    },
  },
];

const writing: readonly ConnectionCase[] = [
  {
    name: 'what is written in one turn leaves as one message, in order',
    run: async (client) => {
      receive(client.connection);
      client.connection.write('a');
      client.connection.write(new SharedPayload(Buffer.from('shared')));
      client.connection.write(Buffer.from('bytes'));
      client.connection.write('é世');
      await arrival(client, () => client.messages.length > 0);
      assert.deepEqual(client.messages, ['asharedbytesé世']);
    },
  },
  {
    name: 'one shared payload is the same for everybody, alone or among others',
    run: async (client) => {
      receive(client.connection);
      const shared = new SharedPayload(Buffer.from('x'.repeat(300)));
      for (const before of ['', '1', '2']) {
        if (before !== '') client.connection.write(before);
        client.connection.write(shared);
        await turns();
      }
      const expected = ['', '1', '2'].map((before) => before + 'x'.repeat(300)).join('');
      await arrival(client, () => arrived(client).length >= expected.length);
      assert.equal(arrived(client), expected);
    },
  },
  {
    name: 'turns follow each other in order',
    run: async (client) => {
      receive(client.connection);
      for (let i = 0; i < 10; i++) {
        client.connection.write(String(i));
        await turns();
      }
      await arrival(client, () => arrived(client).length === 10);
      assert.equal(arrived(client), '0123456789');
    },
  },
  {
    name: 'a large record stays whole',
    run: async (client) => {
      receive(client.connection);
      const record = 'x'.repeat(200_000);
      client.connection.write(record);
      await arrival(client, () => client.messages.length > 0);
      assert.deepEqual(client.messages, [record]);
    },
  },
  {
    name: 'writing says when it is enough, and drained when there may be more',
    run: async (client) => {
      const drained = new Promise<void>((resolve) => client.connection.receive({ received: () => {}, drained: resolve, closed: () => {} }));
      let written = 0;
      while (written < 100 && client.connection.write('x'.repeat(10_000))) written++;
      assert.ok(written < 100, 'the mark is never reached');
      await drained;
    },
  },
];

const ending: readonly ConnectionCase[] = [
  {
    name: 'closing sends what is queued first, then ends, and is told once with its reason',
    run: async (client) => {
      const notes = receive(client.connection);
      const reason = new Error('enough');
      client.connection.write('last words');
      client.connection.close(reason);
      client.connection.close(new Error('again'));
      client.connection.write('too late');
      await arrival(client, () => client.ended);
      await notes.until(() => notes.closings.length > 0);
      await turns();
      assert.equal(arrived(client), 'last words');
      assert.deepEqual(notes.closings, [reason]);
    },
  },
  {
    name: 'aborting is told once with its reason, and nothing arrives after it',
    run: async (client) => {
      const notes = receive(client.connection);
      const reason = new Error('enough');
      client.connection.abort(reason);
      client.connection.abort();
      client.connection.close();
      await notes.until(() => notes.closings.length > 0);
      await turns();
      assert.deepEqual(notes.closings, [reason]);
    },
  },
  {
    name: 'a client that goes is told of once',
    run: async (client) => {
      const notes = receive(client.connection);
      await client.send('a');
      await notes.until(() => notes.text === 'a');
      client.vanish();
      await notes.until(() => notes.closings.length > 0);
      client.connection.close();
      await turns();
      assert.equal(notes.closings.length, 1);
    },
  },
  {
    name: 'a paused connection is told of its end, too',
    run: async (client) => {
      const notes = receive(client.connection);
      client.connection.pause();
      client.connection.close();
      await notes.until(() => notes.closings.length > 0);
    },
  },
];

const introducing: readonly ConnectionCase[] = [
  {
    name: 'it says who it is',
    run: async ({ connection }) => {
      receive(connection);
      assert.match(connection.id, /^[\w-]+$/);
      assert.equal(connection.format, 'text');
      assert.equal(connection.queued, 0);
      assert.ok(connection.request.url instanceof URL && connection.request.headers instanceof Headers);
      assert.ok(['webSockets', 'serverSentEvents', 'longPolling'].includes(connection.transport));
      return Promise.resolve();
    },
  },
];

/** Everything that `Connection` promises. Each case wants a connection of its own. */
export const connectionCases: readonly ConnectionCase[] = [...introducing, ...reading, ...writing, ...ending];
