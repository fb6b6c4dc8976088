import { randomBytes } from 'node:crypto';
import type { Cancellation } from '../base/cancellation.ts';
import { SignalboxError, codedError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { Timer, type TimerWheel } from '../base/timer-wheel.ts';
import type { HubProtocol } from '../protocol/hub/hub-protocol.ts';
import { MessageType, type CompletionMessage } from '../protocol/hub/message.ts';
import { SharedMessage } from '../protocol/hub/shared-message.ts';
import type { HubChannels } from './channels.ts';
import { redisError, type RedisCommands } from './commands.ts';
import { readAnswer, writeInvocation } from './envelope.ts';
import { redisEvents } from './log-events.ts';
import type { Publisher } from './publisher.ts';

/** How a server says that a client of its left before it answered, in the words of ASP.NET Core 10.0.12. */
export const CLIENT_LEFT = 'Connection disconnected.';

/** Milliseconds between two looks at whether those who were asked are still there. */
const LOOK = 2_000;
const ID_BYTES = 16;

interface Question {
  readonly connectionId: string;
  readonly resolve: (completion: CompletionMessage) => void;
  readonly reject: (error: unknown) => void;
  /** Whether its connection was seen since. */
  seen: boolean;
}

/** What the questions of a hub need. */
export interface QuestionParts {
  readonly channels: HubChannels;
  readonly commands: RedisCommands;
  readonly publisher: Publisher;
  readonly protocols: readonly HubProtocol[];
  readonly wheel: TimerWheel;
  readonly log: Log;
}

/** An invocation id as .NET servers make them: 22 characters of base64. */
export function questionId(): string {
  return randomBytes(ID_BYTES).toString('base64').slice(0, 22);
}

/**
 * Client results that this server asks of other servers' clients. A server that dies answers nothing: those it owes are found missing, and their
 * questions fail.
 */
export class Questions {
  readonly #parts: QuestionParts;
  readonly #pending = new Map<string, Question>();
  readonly #looking = new Timer(() => void this.#look());
  /** Whether Redis has been away since the last look: the others may not have said yet to what they listen. */
  #interrupted = false;

  constructor(parts: QuestionParts) {
    this.#parts = parts;
  }

  has(invocationId: string): boolean {
    return this.#pending.has(invocationId);
  }

  /**
   * @throws SignalboxError SIGNALBOX_UNKNOWN_CONNECTION, SIGNALBOX_CONNECTION_GONE, SIGNALBOX_REDIS_UNAVAILABLE, SIGNALBOX_REDIS_REFUSED, or the
   *   cancellation's reason; TypeError when an argument can't be represented in one of the protocols
   */
  ask(connectionId: string, target: string, args: readonly unknown[], cancellation: Cancellation | undefined): Promise<CompletionMessage> {
    const { channels, commands, publisher, protocols, wheel } = this.#parts;
    return new Promise((resolve, reject) => {
      if (cancellation?.reason !== undefined) throw cancellation.reason;
      // The answer could not come.
      if (publisher.direct) throw redisError('asking a client of another server', commands.error);
      const invocationId = questionId();
      const message = new SharedMessage({ type: MessageType.invocation, invocationId, target, arguments: args });
      const payload = writeInvocation(message, protocols, [], { invocationId, address: channels.returnAddress });
      this.#pending.set(invocationId, { connectionId, resolve, reject, seen: false });
      if (!this.#looking.armed) wheel.arm(this.#looking, LOOK);
      cancellation?.listen((reason) => this.#take(invocationId)?.reject(reason));
      commands.publish(channels.connection(connectionId), payload).then(
        (reached) => reached === 0 && this.#take(invocationId)?.reject(codedError('SIGNALBOX_UNKNOWN_CONNECTION', { connectionId })),
        (error: unknown) => this.#take(invocationId)?.reject(error),
      );
    });
  }

  /** Redis could not be reached for a while. */
  interrupt(): void {
    this.#interrupted = true;
  }

  /** Takes an answer from another server. Returns false for bytes that are none. */
  answered(bytes: Buffer): boolean {
    const answer = readAnswer(bytes);
    if (answer === undefined) return false;
    const protocol = this.#parts.protocols.find(({ name }) => name === answer.protocol);
    if (protocol === undefined) this.#parts.log(redisEvents.mismatchedServers, { protocol: answer.protocol.slice(0, 80) });
    else this.#settle(protocol, answer.record);
    return true;
  }

  close(): void {
    this.#parts.wheel.cancel(this.#looking);
    for (const id of this.#pending.keys())
      this.#take(id)?.reject(codedError('SIGNALBOX_BACKPLANE_CLOSED', { action: 'waiting for a client result' }));
  }

  #settle(protocol: HubProtocol, record: Buffer): void {
    let completion: CompletionMessage | undefined;
    try {
      protocol.parse(record, 0, 0, (message) => {
        if (message.type === MessageType.completion) completion = message;
        return false;
      });
      if (completion === undefined) throw new Error('It holds no completion.');
    } catch (error) {
      return this.#parts.log(redisEvents.errorParsingResult, { protocol: protocol.name }, error);
    }
    const question = this.#take(completion.invocationId);
    if (completion.error === CLIENT_LEFT) question?.reject(new SignalboxError('SIGNALBOX_CONNECTION_GONE', CLIENT_LEFT));
    else question?.resolve(completion);
  }

  #take(id: string): Question | undefined {
    const question = this.#pending.get(id);
    this.#pending.delete(id);
    if (this.#pending.size === 0) this.#parts.wheel.cancel(this.#looking);
    return question;
  }

  /**
   * A connection that nobody listens for has gone with its server, or never was: what `PUBLISH` counts includes whoever listens to patterns, such as a
   * monitor, so it can't be known from that alone.
   */
  async #look(): Promise<void> {
    const { channels, commands, wheel } = this.#parts;
    const asked = [...this.#pending];
    wheel.arm(this.#looking, LOOK);
    try {
      const counts = await commands.subscribers(asked.map(([, { connectionId }]) => channels.connection(connectionId)));
      for (const [at, [id, question]] of asked.entries())
        if (counts[at] !== 0) question.seen = true;
        else if (!this.#interrupted) this.#missing(id, question);
      this.#interrupted = false;
    } catch {
      // Nobody knows, then: the caller's time-out ends the wait.
    }
  }

  #missing(id: string, { connectionId, seen }: Question): void {
    const error = seen
      ? new SignalboxError('SIGNALBOX_CONNECTION_GONE', CLIENT_LEFT)
      : codedError('SIGNALBOX_UNKNOWN_CONNECTION', { connectionId });
    this.#take(id)?.reject(error);
  }
}
