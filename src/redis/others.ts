import type { HubChannels } from './channels.ts';
import type { RedisCommands } from './commands.ts';

/**
 * How many servers listen that have no catch-up, such as those of .NET: all listen for group commands, and those with catch-up listen where they meet,
 * too. A server without it counts itself, once it listens. Undefined where Redis does not say.
 */
export async function countOthers(
  { groupCommands, catchUp }: HubChannels,
  commands: Pick<RedisCommands, 'subscribers'>,
): Promise<number | undefined> {
  try {
    const [all = 0, caughtUp = 0] = await commands.subscribers([groupCommands, catchUp]);
    return Math.max(all - caughtUp, 0);
  } catch {
    return undefined;
  }
}
