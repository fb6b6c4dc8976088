import { test as base, type TestAPI } from 'vitest';
import { Client, type ClientOptions } from './client.ts';
import type { Cell, InteropServer } from './servers.ts';

/** Opens a connection to the server under test, and closes it with the test. */
export type Connect = (options?: ClientOptions) => Promise<Client>;

export interface CellFixtures {
  readonly connect: Connect;
}

export type CellTest = TestAPI<CellFixtures>;

/** `test` for one transport and protocol of one server. */
export function cellTest(server: InteropServer, cell: Cell): CellTest {
  return base.extend<CellFixtures>({
    connect: async ({ onTestFinished }, use) => {
      await use(async (options) => {
        const client = new Client(options?.origin ?? server.url, cell, options);
        onTestFinished(() => client.connection.stop());
        await client.connection.start();
        return client;
      });
    },
  });
}

let unique = 0;

/** A name that no other test uses: all of them share one server. */
export function fresh(word: string): string {
  unique += 1;
  return `${word} ${unique}`;
}

/** Calls that need an answer each: time enough for the server to do what it must not do. */
export async function roundTrips(client: Client, count = 5): Promise<void> {
  for (let i = 0; i < count; i++) await client.settle();
}
