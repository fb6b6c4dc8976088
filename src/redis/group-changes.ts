import { codedError } from '../base/errors.ts';
import { Alarm, type TimerWheel } from '../base/timer-wheel.ts';
import type { HubChannels } from './channels.ts';
import type { RedisCommands } from './commands.ts';
import { GroupAction, readAck, writeGroupCommand } from './envelope.ts';

/** A change that another server was asked for. */
class Change extends Alarm {
  readonly done: Promise<void>;
  settle: (error?: Error) => void = () => undefined;
  readonly #late: () => void;

  constructor(late: () => void) {
    super();
    this.#late = late;
    this.done = new Promise((resolve, reject) => {
      this.settle = (error) => (error === undefined ? resolve() : reject(error));
    });
  }

  fire(): void {
    this.#late();
  }
}

/** Ids are 32 bits with a sign, and begin again at 1. */
const LARGEST_ID = 0x7fff_ffff;

/** Asks the servers of a farm to put connections of theirs into groups, or take them out. */
export class GroupChanges {
  readonly #server: string;
  readonly #channels: HubChannels;
  readonly #commands: RedisCommands;
  readonly #wheel: TimerWheel;
  readonly #timeout: number;
  readonly #pending = new Map<number, Change>();
  #last = 0;

  /** @param timeout - milliseconds to wait for the server that has the connection */
  constructor(server: string, channels: HubChannels, commands: RedisCommands, wheel: TimerWheel, timeout: number) {
    this.#server = server;
    this.#channels = channels;
    this.#commands = commands;
    this.#wheel = wheel;
    this.#timeout = timeout;
  }

  /**
   * Resolves when the server that has the connection has made the change, or no server has it.
   *
   * @throws SignalboxError SIGNALBOX_GROUP_CHANGE_TIMEOUT, SIGNALBOX_REDIS_UNAVAILABLE, SIGNALBOX_REDIS_REFUSED
   */
  ask(action: keyof typeof GroupAction, connectionId: string, group: string): Promise<void> {
    const id = this.#nextId();
    const late = (): Error => codedError('SIGNALBOX_GROUP_CHANGE_TIMEOUT', { connectionId, timeout: this.#timeout });
    const change = new Change(() => this.#settle(id, late()));
    this.#pending.set(id, change);
    this.#wheel.arm(change, this.#timeout);
    // A server that waits for the ack of a connection that nobody has would wait to the end: nobody answers for it.
    this.#commands.subscribers([this.#channels.connection(connectionId)]).then(
      ([count]) => count === 0 && this.#settle(id),
      // Who may not count waits.
      () => undefined,
    );
    const command = writeGroupCommand({ id, server: this.#server, action: GroupAction[action], group, connectionId });
    this.#commands.publish(this.#channels.groupCommands, command).catch((error: Error) => this.#settle(id, error));
    return change.done;
  }

  /** Takes an ack. Returns false for bytes that are none. */
  acknowledged(bytes: Buffer): boolean {
    const id = readAck(bytes);
    if (id !== undefined) this.#settle(id);
    return id !== undefined;
  }

  close(): void {
    for (const id of this.#pending.keys()) this.#settle(id, codedError('SIGNALBOX_BACKPLANE_CLOSED', { action: 'changing a group' }));
  }

  #nextId(): number {
    this.#last = this.#last === LARGEST_ID ? 1 : this.#last + 1;
    return this.#last;
  }

  #settle(id: number, error?: Error): void {
    const change = this.#pending.get(id);
    if (change === undefined) return;
    this.#pending.delete(id);
    this.#wheel.cancel(change);
    change.settle(error);
  }
}
