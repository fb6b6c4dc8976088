import { test as base, type TestAPI } from 'vitest';
import { Client, type ClientOptions } from './client.ts';
import type { CuttableWay } from './running-server.ts';
import type { Cell, InteropServer } from './servers.ts';

/** Opens a connection to the server under test, and closes it with the test. In a farm, a test's connections go to its servers in turn. */
export type Connect = (options?: ClientOptions) => Promise<Client>;

export interface CellFixtures {
  readonly connect: Connect;
  /** Opens a way to the server that can be cut, and closes it with the test. */
  readonly cuttable: () => Promise<CuttableWay>;
}

export type CellTest = TestAPI<CellFixtures>;

/** `test` for one transport and protocol of one server. */
export function cellTest(server: InteropServer, cell: Cell): CellTest {
  return base.extend<CellFixtures>({
    connect: async ({ onTestFinished }, use) => {
      let count = 0;
      await use(async (options) => {
        const { urls, fence } = server;
        const client = new Client(options?.origin ?? (urls[count++ % urls.length] as string), cell, { fence, ...options });
        onTestFinished(() => client.connection.stop());
        await client.connection.start();
        // A call that came back was preceded by all that makes its client reachable from other servers.
        if (fence !== undefined) await client.invoke('Void');
        return client;
      });
    },
    cuttable: async ({ onTestFinished }, use) => {
      await use(async () => {
        const way = await server.cuttable();
        onTestFinished(() => way.close());
        return way;
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
