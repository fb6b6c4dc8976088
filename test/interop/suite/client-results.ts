import { expect } from 'vitest';
import type { Client } from '../client.ts';
import { type CellTest, roundTrips } from '../fixtures.ts';
import type { InteropServer } from '../servers.ts';

const answer = (client: Client, handler: (question: string) => unknown): void => client.connection.on('ask', handler);

const refused = (text: string): string => `An unexpected error occurred invoking 'AskClient' on the server. HubException: ${text}`;

/** What the process gets when it asks a connection from outside the hub. */
async function ask(server: InteropServer, connection: string, milliseconds?: number): Promise<{ answer?: number; error?: string }> {
  const limit = milliseconds === undefined ? '' : `&milliseconds=${milliseconds}`;
  const response = await fetch(`${server.outside}/ask/${encodeURIComponent(connection)}?question=how%20many%3F${limit}`);
  return (await response.json()) as { answer?: number; error?: string };
}

/** Resolves when the client is asked; it never answers. */
const unanswered = (client: Client): Promise<string> =>
  new Promise((resolve) => {
    answer(client, (question) => {
      resolve(question);
      return new Promise(() => {});
    });
  });

export function clientResults(test: CellTest, server: InteropServer): void {
  test('a method asks another client, and the client sees the question', async ({ connect }) => {
    const [client, other] = await Promise.all([connect(), connect()]);
    answer(other, async (question) => question.length);
    expect(await client.invoke('AskClient', other.id, 'how long?')).toBe(9);
  });

  test("a client's error reaches the method", async ({ connect }) => {
    const [client, other] = await Promise.all([connect(), connect()]);
    answer(other, () => {
      throw new Error('will not say');
    });
    expect(await client.refusal('AskClient', other.id, 'how many?')).toBe(refused('Error: will not say'));
    expect(await ask(server, other.id)).toEqual({ error: 'Error: will not say' });
  });

  test('a client without a handler says so', async ({ connect }) => {
    const [client, other] = await Promise.all([connect(), connect()]);
    expect(await client.refusal('AskClient', other.id, 'how many?')).toBe(refused("Client didn't provide a result."));
  });

  test('an answer of the wrong type is an error', async ({ connect }) => {
    const [client, other] = await Promise.all([connect(), connect()]);
    answer(other, () => 'many');
    const text = await client.refusal('AskClient', other.id, 'how many?');
    expect(text).toMatch(
      server.differs('libraryWords', {
        aspnetcore: /HubException: Error trying to deserialize result to Int32\. The JSON value could not be converted to System\.Int32\./,
        signalbox: /HubException: Error trying to deserialize result\b/,
      }),
    );
  });

  test('a client that vanishes fails the question, and not the asking client', async ({ connect }) => {
    const [client, other] = await Promise.all([connect(), connect()]);
    const asked = unanswered(other);
    const refusal = client.refusal('AskClient', other.id, 'still there?');
    expect(await asked).toBe('still there?');
    await other.connection.stop();
    expect(await refusal).toBe(`An unexpected error occurred invoking 'AskClient' on the server.`);
    expect(await client.invoke('Add', 1, 1)).toBe(2);
  });

  test('an unknown connection can not be asked', async ({ connect }) => {
    const client = await connect();
    expect(await client.refusal('AskClient', 'nobody', 'who?')).toBe(`An unexpected error occurred invoking 'AskClient' on the server.`);
    expect(await ask(server, 'nobody')).toEqual({ error: `Connection 'nobody' does not exist.` });
  });

  test('the process asks a client from outside the hub', async ({ connect }) => {
    const client = await connect();
    answer(client, (question) => question.length);
    expect(await ask(server, client.id)).toEqual({ answer: 9 });
  });

  test('the process learns that the client it asked is gone', async ({ connect }) => {
    const client = await connect();
    const id = client.id;
    const asked = unanswered(client);
    const reply = ask(server, id);
    await asked;
    await client.connection.stop();
    const error = server.differsAt('goneElsewhere', { alone: `Connection '${id}' disconnected.`, redis: 'Connection disconnected.' });
    expect(await reply).toEqual({ error });
  });

  test('the process stops waiting for an answer', async ({ connect }) => {
    const client = await connect();
    const asked = unanswered(client);
    const reply = ask(server, client.id, 50);
    await asked;
    expect(await reply).toEqual({ error: 'Invocation canceled by the server.' });
  });

  test('a method asks its own caller', async ({ connect }) => {
    const client = await connect();
    answer(client, (question) => question.length);
    expect(await client.invoke('AskCaller', 'how long?', 10_000)).toBe(9);
  });

  test('a method asks its own caller, who has called again meanwhile', async ({ connect }) => {
    const [client, other] = await Promise.all([connect(), connect()]);
    const order: string[] = [];
    const noted = async (name: string, ...call: [string, ...unknown[]]): Promise<unknown> => {
      const result = await client.invoke(...call);
      order.push(name);
      return result;
    };
    answer(client, async (question) => {
      const second = noted('second', 'Void');
      await server.differs('askingKeepsItsTurn', { aspnetcore: () => second, signalbox: () => roundTrips(other) })();
      return question.length;
    });
    expect(await noted('first', 'AskCaller', 'how long?', 10_000)).toBe(9);
    await client.settle();
    expect(order).toEqual(server.differs('askingKeepsItsTurn', { aspnetcore: ['second', 'first'], signalbox: ['first', 'second'] }));
  });

  test('with parallel invocations a method can ask its own caller', async ({ connect }) => {
    const client = await connect({ path: '/parallel' });
    answer(client, (question) => question.length);
    expect(await client.invoke('AskCaller', 'how long?', 10_000)).toBe(9);
  });
}
