import type { RedisCommands } from './commands.ts';
import { OutgoingList, type Outgoing } from './outgoing.ts';

/** What a flight tells of its messages. */
export interface FlightListener {
  /** Redis has taken it, and passed it on to so many. */
  taken(message: Outgoing, reached: number): void;
  /** Redis answered with an error. Throws what the sender shall hear, if anything; a promise is waited for. */
  refused(message: Outgoing, error: Error): void | Promise<void>;
  /** The connection ended with messages unanswered: whether Redis took them nobody knows. */
  broken(flight: Flight, error: unknown): void;
  /** What became of a message whose flight broke. Throws what the sender shall hear, if anything. */
  stranded(error: unknown): void;
}

/**
 * The messages that one connection has given to Redis and that are not answered. Answers come in order, so what is done with them needs nothing made
 * for each message.
 */
export class Flight {
  readonly unanswered = new OutgoingList();
  readonly #commands: RedisCommands;
  readonly #listener: FlightListener;
  #ended = false;

  constructor(commands: RedisCommands, listener: FlightListener) {
    this.#commands = commands;
    this.#listener = listener;
  }

  /** Resolves when Redis has taken the message, or when that is not waited for any longer. */
  publish(message: Outgoing): Promise<void> {
    this.unanswered.push(message);
    return this.#commands.dispatch(message).then(this.#answered, this.#failed);
  }

  /** What is answered from now on means nothing. */
  end(): void {
    this.#ended = true;
  }

  readonly #answered = (reached: number): void => {
    const message = this.#ended ? undefined : this.unanswered.shift();
    if (message !== undefined) this.#listener.taken(message, reached);
  };

  readonly #failed = (error: unknown): void | Promise<void> => {
    if (!this.#ended && isReply(error)) {
      const message = this.unanswered.shift();
      return message && this.#listener.refused(message, error);
    }
    if (!this.#ended) this.#listener.broken(this, error);
    this.#listener.stranded(error);
  };
}

const isReply = (error: unknown): error is Error => error instanceof Error && error.name === 'ReplyError';
