import { afterEach } from 'vitest';
import { MessageType } from '../../src/protocol/hub/message.ts';
import { SharedMessage } from '../../src/protocol/hub/shared-message.ts';
import { Farm } from './farm.ts';
import { Link } from './link.ts';
import { RedisServer } from './redis-server.ts';

export const toAll = { to: 'all' } as const;
export const toGroup = { to: 'groups', names: ['g'] } as const;

export function message(target: string, ...args: readonly unknown[]): SharedMessage {
  return new SharedMessage({ type: MessageType.invocation, target, arguments: args });
}

/** What a test disturbs, each ended with it. */
export interface Faults {
  /** Ends something with the test, before what was started earlier. */
  readonly ends: (end: () => unknown) => void;
  readonly redisServer: (...args: readonly string[]) => Promise<RedisServer>;
  readonly farmAt: (...args: ConstructorParameters<typeof Farm>) => Farm;
  readonly linkTo: (server: RedisServer) => Promise<Link>;
}

export function faults(): Faults {
  const started: (() => unknown)[] = [];
  afterEach(async () => {
    for (const end of started.splice(0).toReversed()) await end();
  });
  return {
    ends: (end) => void started.push(end),
    async redisServer(...args) {
      const server = await RedisServer.start(...args);
      started.push(() => server.stop());
      return server;
    },
    farmAt(...args) {
      const farm = new Farm(...args);
      started.push(() => farm.close());
      return farm;
    },
    async linkTo(server) {
      const link = await Link.to(server.port);
      started.push(() => link.close());
      return link;
    },
  };
}
