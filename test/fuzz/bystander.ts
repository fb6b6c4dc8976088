import { openClient, type Client, type Transport } from './peers/client.ts';
import type { Connect } from './peers/exchange.ts';
import { expectThat } from './same.ts';

const END = '\u001e';
const HANDSHAKE = Buffer.from(`{"protocol":"json","version":1}${END}`);

/** How often a bystander looks for its answer: over TCP it may be under way for long. */
const PATIENCE = 500;

/** What a bystander needs of the place. */
interface Place {
  readonly connect: Connect;
  readonly lives: { readonly open: ReadonlySet<string> };
  readonly settle: () => Promise<void>;
}

/** A client that does nothing wrong, and is to be served whatever others do. */
export class Bystander {
  readonly connectionId: string;
  readonly #transport: Transport;
  readonly #client: Client;
  readonly #settle: () => Promise<void>;
  #calls = 0;

  private constructor(connectionId: string, transport: Transport, client: Client, settle: () => Promise<void>) {
    this.connectionId = connectionId;
    this.#transport = transport;
    this.#client = client;
    this.#settle = settle;
  }

  static async meet({ connect, lives, settle }: Place, transport: Transport): Promise<Bystander> {
    const client = await openClient(connect, transport, '/hub', settle);
    const before = lives.open;
    client.send(HANDSHAKE);
    await settle();
    expectThat(client.take().toString() === `{}${END}`, `the ${transport} bystander was not let in`);
    const id = [...lives.open].find((open) => !before.has(open)) ?? '';
    return new Bystander(id, transport, client, settle);
  }

  /** Calls a method, and has its answer. */
  async greet(): Promise<void> {
    const invocationId = `b${++this.#calls}`;
    this.#client.send(Buffer.from(`${JSON.stringify({ type: 1, invocationId, target: 'Echo', arguments: [invocationId] })}${END}`));
    const answer = JSON.stringify({ type: 3, invocationId, result: invocationId });
    let received = '';
    for (let tries = 0; tries < PATIENCE && !received.split(END).includes(answer); tries++) {
      await this.#settle();
      received += this.#client.take().toString();
      expectThat(!this.#client.ended, `the ${this.#transport} bystander's connection has ended`);
    }
    expectThat(received.split(END).includes(answer), `the ${this.#transport} bystander was not answered:`, received);
  }

  leave(): void {
    this.#client.vanish();
  }
}
