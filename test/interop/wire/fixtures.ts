import { test as base, type TestAPI } from 'vitest';
import type { ClientOptions } from 'ws';
import type { InteropServer } from '../servers.ts';
import { WireSocket } from './socket.ts';

export interface WireFixtures {
  /** Opens a WebSocket to a path of the server under test, and cuts it with the test. */
  readonly open: (path: string, options?: ClientOptions) => Promise<WireSocket>;
  /** The same, with the handshake done. */
  readonly connect: (path: string, options?: ClientOptions) => Promise<WireSocket>;
}

export type WireTest = TestAPI<WireFixtures>;

/** `test` for bare sockets to one server. */
export function wireTest(server: InteropServer): WireTest {
  return base.extend<WireFixtures>({
    open: async ({ onTestFinished }, use) => {
      await use(async (path, options) => {
        const socket = await WireSocket.open(server.url + path, options);
        onTestFinished(() => socket.cut());
        return socket;
      });
    },
    connect: async ({ open }, use) => {
      await use(async (path, options) => {
        const socket = await open(path, options);
        await socket.handshake();
        return socket;
      });
    },
  });
}
