import { Echoes } from './echoes.ts';
import type { Outgoing } from './outgoing.ts';

/** Whom messages can be served to without Redis. */
export interface Here {
  /** Whether this server listens to a channel. */
  readonly listens: (channel: string) => boolean;
  /** Delivers a message to clients of this server. */
  readonly serve: (message: Outgoing) => void;
}

/** Serves this server's messages to its own clients, and knows which of them they have heard where the messages do not say it themselves. */
export class DirectService {
  readonly #here: Here;
  readonly #echoes: Echoes | undefined;

  /** @param marked - whether messages are marked: then whoever receives one knows whether it is heard */
  constructor(here: Here, marked: boolean) {
    this.#here = here;
    this.#echoes = marked ? undefined : new Echoes();
  }

  /** Serves those who are here, once. */
  serve(message: Outgoing): void {
    if (message.heard !== 'no' || !this.#here.listens(message.channel)) return;
    message.heard = 'directly';
    this.#here.serve(message);
  }

  /** A message was given to Redis. */
  published(message: Outgoing): void {
    if (this.#echoes !== undefined && this.#here.listens(message.channel)) this.#echoes.expect(message);
  }

  /** What Redis was given and has not brought back; undefined where that is not known. */
  missing(): Iterable<Outgoing> | undefined {
    return this.#echoes?.missing();
  }

  /** Whether what came from Redis is this server's own, and heard. */
  isHeard(channel: string, payload: Buffer, now: number): boolean {
    return this.#echoes?.isHeard(channel, payload, now) ?? false;
  }

  /** This server listens to a channel no longer. */
  endChannel(channel: string): void {
    this.#echoes?.end(channel);
  }
}
