import { codedError } from '../base/errors.ts';
import { Alarm, Timer, type TimerWheel } from '../base/timer-wheel.ts';
import type { HubChannels } from './channels.ts';
import type { RedisCommands } from './commands.ts';
import { GroupAction, readAck, writeGroupCommand, type GroupCommand } from './envelope.ts';
import type { Publisher } from './publisher.ts';

/** Milliseconds after which it is looked again whether nobody has a connection. */
const SECOND_LOOK = 200;

/** A change that another server was asked for. */
class Change extends Alarm {
  readonly asked: GroupCommand;
  readonly done: Promise<void>;
  settle: (error?: Error) => void = () => undefined;
  readonly #late: () => void;

  constructor(asked: GroupCommand, late: () => void) {
    super();
    this.asked = asked;
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
  readonly #publisher: Publisher;
  readonly #wheel: TimerWheel;
  readonly #timeout: number;
  readonly #origin: string | undefined;
  readonly #pending = new Map<number, Change>();
  /** Those of connections that nobody seems to have, which are looked for once more. */
  readonly #doubted = new Map<number, Timer>();
  #last = 0;

  /**
   * @param timeout - milliseconds to wait for the server that has the connection
   * @param origin - what marks this server's messages; undefined to mark none
   */
  constructor(
    server: string,
    channels: HubChannels,
    { commands, publisher }: { readonly commands: RedisCommands; readonly publisher: Publisher },
    wheel: TimerWheel,
    timeout: number,
    origin: string | undefined,
  ) {
    this.#origin = origin;
    this.#server = server;
    this.#channels = channels;
    this.#commands = commands;
    this.#publisher = publisher;
    this.#wheel = wheel;
    this.#timeout = timeout;
  }

  /**
   * Resolves when the server that has the connection has made the change, or no server has it. What is asked during an outage waits for its end, in order
   * with what is sent.
   *
   * @throws SignalboxError SIGNALBOX_GROUP_CHANGE_TIMEOUT, SIGNALBOX_REDIS_UNAVAILABLE, SIGNALBOX_REDIS_REFUSED, SIGNALBOX_REDIS_OUTBOX
   */
  ask(action: keyof typeof GroupAction, connectionId: string, group: string): Promise<void> {
    const id = this.#nextId();
    const asked = { id, server: this.#server, action: GroupAction[action], group, connectionId };
    const late = (): Error => codedError('SIGNALBOX_GROUP_CHANGE_TIMEOUT', { connectionId, timeout: this.#timeout });
    const change = new Change(asked, () => this.#settle(id, late()));
    this.#overrule(change);
    this.#pending.set(id, change);
    this.#wheel.arm(change, this.#timeout);
    this.#count(change, (count) => count === 0 && this.#doubt(id));
    this.#publish(id, change);
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

  #publish(id: number, { asked }: Change): void {
    const { groupCommands } = this.#channels;
    // One that is asked again has a number of its own: it is not the same come twice.
    const sequence = this.#origin === undefined ? 0 : this.#publisher.nextSequence();
    const mark = this.#origin === undefined ? undefined : { origin: this.#origin, sequence, several: false };
    const stream = mark && groupCommands;
    this.#publisher
      .tell(groupCommands, writeGroupCommand(asked, mark), { sequence, stream })
      .catch((error: Error) => this.#settle(id, error));
  }

  /** Who waits for the ack of a connection that nobody has would wait to the end. */
  #count({ asked: { connectionId } }: Change, tell: (count: number | undefined) => void): void {
    this.#commands.subscribers([this.#channels.connection(connectionId)]).then(
      ([count]) => tell(count),
      // Who may not count waits.
      () => undefined,
    );
  }

  /** A client of a .NET server knows its id a moment before that server knows the client. */
  #doubt(id: number): void {
    if (!this.#pending.has(id)) return;
    const looking = new Timer(() => this.#lookAgain(id));
    this.#doubted.set(id, looking);
    this.#wheel.arm(looking, SECOND_LOOK);
  }

  #lookAgain(id: number): void {
    const change = this.#pending.get(id);
    if (change === undefined) return;
    this.#count(change, (count) => {
      // Settled meanwhile, or overruled.
      if (!this.#doubted.delete(id)) return;
      if (count === 0) this.#settle(id);
      else this.#publish(id, change);
    });
  }

  /** What is asked later holds: an earlier change that is in doubt must not be asked again. */
  #overrule({ asked: { connectionId, group } }: Change): void {
    for (const id of this.#doubted.keys()) {
      const earlier = this.#pending.get(id);
      if (earlier?.asked.connectionId === connectionId && earlier.asked.group === group) this.#settle(id);
    }
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
    const looking = this.#doubted.get(id);
    if (looking !== undefined) this.#wheel.cancel(looking);
    this.#doubted.delete(id);
    change.settle(error);
  }
}
