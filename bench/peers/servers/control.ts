import { once } from 'node:events';
import type { AddressInfo, Server } from 'node:net';
import { createInterface } from 'node:readline';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** What a server does for a command of the bench, by the command's first word. It gets the rest. */
export type Commands = Readonly<Record<string, (rest: string) => Promise<void> | void>>;

/**
 * Listens on a free port and says so on standard output. From then on each line of standard input is a command, which is carried out and
 * then answered with the same line. The end of the input is the end of the server: none outlives the bench.
 */
export async function serve(server: Server, commands: Commands = {}): Promise<void> {
  server.listen({ host: '127.0.0.1', port: 0, backlog: 4096 });
  await once(server, 'listening');
  say(`listening ${(server.address() as AddressInfo).port}`);
  const all: Commands = { collect: collectGarbage, ...commands };
  for await (const line of createInterface(process.stdin)) {
    const [word = '', rest = ''] = line.split(/ (.*)/, 2);
    await all[word]?.(rest);
    say(line);
  }
  process.exit();
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** So that memory is compared without what each server has merely not cleared away yet. */
function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  collect();
}
