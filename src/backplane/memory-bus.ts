import { codedError } from '../base/errors.ts';
import type { Bus, BusSubscription } from './bus.ts';

type Receive = (bytes: Uint8Array) => void;

/** A bus within one process, for tests with several servers in it: each `connect()` is a node. */
export class MemoryExchange {
  readonly #nodes = new Set<MemoryBus>();

  /** Makes the end of one more node. */
  connect(): Bus {
    const node = new MemoryBus(this.#nodes);
    this.#nodes.add(node);
    return node;
  }
}

class MemoryBus implements Bus {
  readonly #nodes: Set<MemoryBus>;
  readonly #receivers = new Map<string, { readonly receive: Receive }>();
  /** What has been published and is received at the end of this turn, in order. */
  #arriving: (readonly [subject: string, bytes: Buffer])[] = [];

  constructor(nodes: Set<MemoryBus>) {
    this.#nodes = nodes;
  }

  publish(subject: string, bytes: Buffer): void {
    this.#checkOpen('publishing');
    for (const node of this.#nodes) node.#take(subject, bytes);
  }

  subscribe(subject: string, receive: Receive): BusSubscription {
    this.#checkOpen('subscribing');
    const receiver = { receive };
    this.#receivers.set(subject, receiver);
    return {
      end: () => {
        if (this.#receivers.get(subject) === receiver) this.#receivers.delete(subject);
      },
    };
  }

  close(): void {
    this.#nodes.delete(this);
    this.#receivers.clear();
  }

  #take(subject: string, bytes: Buffer): void {
    if (!this.#receivers.has(subject)) return;
    if (this.#arriving.length === 0) setImmediate(this.#deliver);
    this.#arriving.push([subject, bytes]);
  }

  readonly #deliver = (): void => {
    const arrived = this.#arriving;
    this.#arriving = [];
    for (const [subject, bytes] of arrived) this.#receivers.get(subject)?.receive(bytes);
  };

  #checkOpen(action: string): void {
    if (!this.#nodes.has(this)) throw codedError('SIGNALBOX_BACKPLANE_CLOSED', { action });
  }
}
