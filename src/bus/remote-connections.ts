import { formsOf } from '../backplane/forms.ts';
import type { Cancellation } from '../base/cancellation.ts';
import { codedError } from '../base/errors.ts';
import { randomId } from '../base/ids.ts';
import type { Log } from '../base/log.ts';
import { Timer, type TimerWheel } from '../base/timer-wheel.ts';
import type { HubProtocol } from '../protocol/hub/hub-protocol.ts';
import { MessageType, type CompletionMessage } from '../protocol/hub/message.ts';
import { SharedMessage } from '../protocol/hub/shared-message.ts';
import type { BusMessage } from './envelope.ts';
import type { Errand, Errands, Reply } from './errands.ts';
import { busEvents } from './log-events.ts';
import type { BusSettings } from './options.ts';

/** What remote connections need of their backplane. */
export interface RemoteParts {
  readonly server: string;
  readonly protocols: readonly HubProtocol[];
  readonly wheel: TimerWheel;
  readonly log: Log;
  readonly settings: BusSettings;
  readonly errands: Errands;
  /** Publishes to the server that has a connection. */
  publish(connectionId: string, message: BusMessage): void | Promise<void>;
}

/** What is asked of connections that other servers have. */
export class RemoteConnections {
  readonly #parts: RemoteParts;

  constructor(parts: RemoteParts) {
    this.#parts = parts;
  }

  /**
   * Resolves when the server that has the connection has made the change, or no server has it.
   *
   * @throws SignalboxError SIGNALBOX_GROUP_CHANGE_TIMEOUT, SIGNALBOX_BUS_FAILED
   */
  change(connectionId: string, group: string, joins: boolean): Promise<void> {
    const { server, wheel, errands, settings } = this.#parts;
    const { ackTimeout } = settings;
    const id = randomId();
    return new Promise((resolve, reject) => {
      const late = new Timer(() =>
        errands.take(id)?.failed(codedError('SIGNALBOX_GROUP_CHANGE_TIMEOUT', { connectionId, timeout: ackTimeout })),
      );
      const settle = (error?: Error): void => {
        wheel.cancel(late);
        if (error === undefined) resolve();
        else reject(error);
      };
      errands.add(id, { connectionId, seen: false, done: () => settle(), nobody: () => settle(), failed: settle });
      wheel.arm(late, ackTimeout);
      this.#publish(id, connectionId, { kind: 'change', id, server, connectionId, group, joins });
    });
  }

  /**
   * @throws SignalboxError SIGNALBOX_UNKNOWN_CONNECTION, SIGNALBOX_CONNECTION_GONE, SIGNALBOX_BUS_FAILED, or the cancellation's reason; TypeError
   *   when an argument can't be represented in one of the protocols
   */
  ask(connectionId: string, target: string, args: readonly unknown[], cancellation: Cancellation | undefined): Promise<CompletionMessage> {
    const { server, errands, protocols } = this.#parts;
    return new Promise((resolve, reject) => {
      if (cancellation?.reason !== undefined) throw cancellation.reason;
      const id = randomId();
      const message = new SharedMessage({ type: MessageType.invocation, invocationId: id, target, arguments: args });
      const forms = formsOf(message, protocols);
      const errand: Errand = {
        connectionId,
        seen: false,
        done: (answer) => {
          const completion = this.#read(answer);
          if (completion === undefined) reject(codedError('SIGNALBOX_CONNECTION_GONE', { connectionId }));
          else resolve(completion);
        },
        nobody: () => reject(codedError(errand.seen ? 'SIGNALBOX_CONNECTION_GONE' : 'SIGNALBOX_UNKNOWN_CONNECTION', { connectionId })),
        failed: reject,
      };
      errands.add(id, errand);
      cancellation?.listen((reason) => errands.take(id)?.failed(reason));
      this.#publish(id, connectionId, { kind: 'question', id, server, connectionId, forms });
    });
  }

  #publish(id: string, connectionId: string, message: BusMessage): void {
    this.#parts.publish(connectionId, message)?.catch((error: Error) => this.#parts.errands.take(id)?.failed(error));
  }

  #read(answer: Reply): CompletionMessage | undefined {
    if (answer.kind !== 'answer') return undefined;
    let completion: CompletionMessage | undefined;
    try {
      this.#parts.protocols
        .find(({ name }) => name === answer.protocol)
        ?.parse(answer.record, 0, 0, (message) => {
          if (message.type === MessageType.completion) completion = message;
          return false;
        });
      if (completion === undefined) this.#parts.log(busEvents.unreadableAnswer, { protocol: answer.protocol.slice(0, 80) });
    } catch (error) {
      this.#parts.log(busEvents.unreadableAnswer, { protocol: answer.protocol.slice(0, 80) }, error);
    }
    return completion;
  }
}
