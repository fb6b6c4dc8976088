import { randomBytes, randomUUID } from 'node:crypto';
import type { EventEmitter } from 'node:events';
import { hostname } from 'node:os';
import type { Redis } from 'ioredis';
import type { Audience } from '../backplane/audience.ts';
import type { Backplane, BackplaneContext, CompletionOutcome } from '../backplane/backplane.ts';
import { ClientResults } from '../backplane/client-results.ts';
import type { Member } from '../backplane/member.ts';
import { Registry } from '../backplane/registry.ts';
import type { Cancellation } from '../base/cancellation.ts';
import { codedError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { TimerWheel } from '../base/timer-wheel.ts';
import type { HubProtocol } from '../protocol/hub/hub-protocol.ts';
import type { CompletionMessage } from '../protocol/hub/message.ts';
import type { OutboundMessage } from '../protocol/hub/shared-message.ts';
import { CatchUp } from './catch-up.ts';
import { HubChannels } from './channels.ts';
import type { RedisClientFactory, RedisRole } from './client.ts';
import { RedisCommands } from './commands.ts';
import type { ConnectionMaking } from './connection.ts';
import type { RedisFigures } from './figures.ts';
import { ForeignPayloads } from './foreign-payloads.ts';
import { GroupChanges } from './group-changes.ts';
import { HeardMessages } from './heard.ts';
import { LinkState, type RedisEvents, type RedisState } from './link-state.ts';
import { LiveListeners } from './live-listeners.ts';
import { redisEvents } from './log-events.ts';
import type { RedisSettings } from './options.ts';
import type { Outgoing } from './outgoing.ts';
import { OwedAnswers } from './owed-answers.ts';
import { Presence } from './presence.ts';
import { Publisher } from './publisher.ts';
import { Questions, questionId } from './questions.ts';
import { Receiver } from './receiver.ts';
import { Sender } from './sender.ts';
import { Subscriptions } from './subscriptions.ts';

/** What the backplanes of one `redis(…)` have in common. */
export interface RedisFarm {
  readonly open: RedisClientFactory;
  /** Whether clients can be attached; who only sends need not hear what servers do. */
  readonly serves: boolean;
  readonly settings: RedisSettings;
  /** The address as it is logged: without user or password. */
  readonly endpoint: string;
  readonly events: EventEmitter<RedisEvents>;
  readonly clientLog: (line: string) => void;
}

const ORIGIN_BYTES = 9;

/**
 * Joins the servers of a farm over Redis, .NET servers among them. Every message to more than one connection goes through Redis, those for clients of this
 * server too: so all servers hear the messages of a channel in one order.
 */
export class RedisBackplane implements Backplane {
  readonly #registry = new Registry();
  readonly #results = new ClientResults();
  readonly #server = `${hostname()}_${randomUUID().replaceAll('-', '')}`;
  readonly #link: LinkState;
  readonly #foreign: ForeignPayloads;
  readonly #log: Log;
  readonly #settings: RedisSettings;
  /** What marks this server's messages. */
  readonly #origin = randomBytes(ORIGIN_BYTES).toString('base64');
  readonly #channels: HubChannels;
  readonly #commands: RedisCommands;
  readonly #publisher: Publisher;
  readonly #listeners: LiveListeners;
  readonly #sender: Sender;
  readonly #heard = new HeardMessages();
  readonly #catchUp: CatchUp | undefined;
  readonly #presence: Presence | undefined;
  readonly #wheel: TimerWheel;
  readonly #subscriptions: Subscriptions;
  readonly #changes: GroupChanges;
  readonly #questions: Questions;
  readonly #owed: OwedAnswers;
  readonly #receiver: Receiver;
  #closed: Promise<void> | undefined;

  constructor(
    hub: string,
    { protocols, wheel, log }: BackplaneContext,
    { open, serves, settings, endpoint, events, clientLog }: RedisFarm,
  ) {
    this.#log = log;
    this.#wheel = wheel;
    this.#settings = settings;
    this.#link = new LinkState(hub, log, events);
    this.#foreign = new ForeignPayloads(hub, log);
    const channels = new HubChannels(hub, this.#server, settings.channelPrefix ?? '');
    this.#channels = channels;
    log(redisEvents.connectingToEndpoints, { hub, endpoints: endpoint, serverName: this.#server });
    const making = (role: RedisRole): ConnectionMaking => ({
      open: () => open(role),
      wheel,
      settings,
      clientLog: (line) => clientLog(`${hub} ${role}: ${line}`),
    });
    this.#catchUp = settings.catchUp ? this.#makeCatchUp() : undefined;
    const commands = this.#makeCommands(making('commands'));
    const publisher = this.#makePublisher(commands);
    this.#commands = commands;
    this.#publisher = publisher;
    this.#listeners = new LiveListeners(channels, commands, wheel, settings);
    this.#sender = new Sender({
      publisher,
      channels,
      protocols,
      registry: this.#registry,
      origin: settings.catchUp ? this.#origin : undefined,
    });
    const replies = [channels.ack, channels.return];
    const caughtUp = settings.catchUp ? [channels.catchUp] : [];
    const core = serves ? [channels.all, channels.groupCommands, ...caughtUp, ...replies] : replies;
    this.#heard.begin(channels.all, wheel.now());
    this.#presence = serves && settings.catchUp ? this.#makePresence() : undefined;
    this.#subscriptions = this.#makeSubscriptions(core, making('subscriptions'));
    this.#changes = new GroupChanges(
      this.#server,
      channels,
      { commands, publisher },
      wheel,
      settings.ackTimeout,
      settings.catchUp ? this.#origin : undefined,
    );
    this.#questions = new Questions({ channels, commands, publisher, protocols, wheel, log });
    this.#owed = new OwedAnswers(channels, publisher, log);
    this.#receiver = this.#makeReceiver(protocols);
  }

  get state(): RedisState {
    return this.#link.state;
  }

  get closed(): boolean {
    return this.#closed !== undefined;
  }

  /** How many payloads came from Redis that no server of the farm would send. */
  get foreignPayloads(): number {
    return this.#foreign.count;
  }

  /** What waits for Redis, what was given up, and how the connection is. */
  get figures(): RedisFigures {
    const { messages, bytes, lag } = this.#publisher;
    const { lost, cuts } = this.#link;
    const catchUp = this.#catchUp !== undefined && this.#commands.scripts;
    const { gaps = 0 } = this.#catchUp ?? {};
    return { outboxMessages: messages, outboxBytes: bytes, lag, lost, cuts, catchUp, gaps, roundTrip: this.#commands.roundTrip };
  }

  /** Resolves when Redis has confirmed that this server hears what is sent to the client, or is known to be away. */
  attach(member: Member): void | Promise<void> {
    this.#checkOpen('attaching a connection');
    this.#registry.add(member);
    const connection = this.#subscriptions.want(this.#channels.connection(member.connectionId));
    const user = member.userId ? this.#listen(this.#channels.user(member.userId)) : undefined;
    return connection && user ? Promise.all([connection, user]).then(ignore) : (connection ?? user);
  }

  detach(member: Member): void {
    const groups = [...this.#registry.groupsOf(member)];
    if (this.#registry.get(member.connectionId) === member) this.#drop(this.#channels.connection(member.connectionId));
    this.#registry.remove(member);
    for (const group of groups) this.#dropIfEmpty(group);
    if (member.userId && !this.#registry.hasUser(member.userId)) this.#drop(this.#channels.user(member.userId));
    this.#results.abandon(member);
    this.#owed.abandon(member);
  }

  /**
   * Resolves when Redis has taken the message, or during an outage when it is in the outbox; that says nothing about delivery. Nobody has to wait for it:
   * a failure is logged, too.
   *
   * @throws SignalboxError SIGNALBOX_REDIS_UNAVAILABLE, SIGNALBOX_REDIS_REFUSED, SIGNALBOX_REDIS_OUTBOX; TypeError when the message can't be represented in one of the
   *   host's protocols
   */
  send(audience: Audience, message: OutboundMessage): void | Promise<void> {
    this.#checkOpen('sending');
    return this.#sender.send(audience, message);
  }

  join(connectionId: string, group: string): void | Promise<void> {
    this.#checkOpen('joining a group');
    const here = this.#registry.get(connectionId) !== undefined;
    return this.#watched(here ? this.#joinHere(connectionId, group) : this.#changes.ask('add', connectionId, group));
  }

  leave(connectionId: string, group: string): void | Promise<void> {
    this.#checkOpen('leaving a group');
    if (this.#registry.get(connectionId) === undefined) return this.#watched(this.#changes.ask('remove', connectionId, group));
    this.#leaveHere(connectionId, group);
  }

  async invoke(connectionId: string, target: string, args: readonly unknown[], cancellation?: Cancellation): Promise<CompletionMessage> {
    this.#checkOpen('asking a client');
    const member = this.#registry.get(connectionId);
    if (member === undefined) return this.#questions.ask(connectionId, target, args, cancellation);
    return this.#results.ask(questionId(), member, target, args, cancellation);
  }

  complete(member: Member, completion: CompletionMessage, record?: Buffer): CompletionOutcome {
    const outcome = this.#results.complete(member, completion);
    if (outcome !== 'unknown') return outcome;
    if (this.#questions.has(completion.invocationId)) return 'foreign';
    return this.#owed.complete(member, completion, record);
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#results.close();
    this.#questions.close();
    this.#changes.close();
    this.#receiver.close();
    this.#listeners.close();
    await this.#publisher.close(this.#settings.asyncTimeout);
    this.#presence?.close();
    await Promise.all([this.#subscriptions.close(), this.#commands.close()]);
  }

  #makeCommands(making: ConnectionMaking): RedisCommands {
    return new RedisCommands(
      making,
      { origin: this.#origin, log: this.#log },
      {
        ready: (client) => void this.#begin(client),
        lost: (error) => {
          this.#link.down('commands', error);
          this.#presence?.pause();
          this.#publisher.lost(error);
          this.#questions.interrupt();
        },
      },
    );
  }

  #makeReceiver(protocols: readonly HubProtocol[]): Receiver {
    return new Receiver({
      channels: this.#channels,
      publisher: this.#publisher,
      heard: this.#heard,
      catchUp: this.#catchUp,
      presence: this.#presence,
      protocols,
      wheel: this.#wheel,
      log: this.#log,
      registry: this.#registry,
      foreign: this.#foreign,
      changes: this.#changes,
      questions: this.#questions,
      owed: this.#owed,
      join: (connectionId, group) => this.#joinHere(connectionId, group),
      leave: (connectionId, group) => this.#leaveHere(connectionId, group),
    });
  }

  #makeCatchUp(): CatchUp {
    return new CatchUp({
      channels: this.#channels,
      commands: () => this.#commands,
      heard: this.#heard,
      settings: this.#settings,
      wheel: this.#wheel,
      log: this.#log,
      receive: (channel, payload, age) => this.#receiver.receive(channel, payload, age),
      recovered: (recovered, channels) => this.#link.recovered(recovered, channels),
    });
  }

  #makePresence(): Presence {
    return new Presence({
      server: this.#server,
      channel: this.#channels.catchUp,
      commands: this.#commands,
      wheel: this.#wheel,
      settings: this.#settings,
      told: this.#link,
    });
  }

  #makePublisher(commands: RedisCommands): Publisher {
    return new Publisher({
      commands,
      wheel: this.#wheel,
      settings: this.#settings,
      log: this.#log,
      listens: (channel) => this.#subscriptions.wants(channel),
      serve: (message) => this.#serve(message),
      connected: () => this.#link.state === 'connected',
      refusing: (error) => (error === undefined ? this.#link.up('publishing') : this.#link.down('publishing', error)),
      gaveUp: (messages) => this.#link.gaveUp(messages),
    });
  }

  #makeSubscriptions(core: readonly string[], making: ConnectionMaking): Subscriptions {
    return new Subscriptions(core, making, this.#log, {
      message: (channel, payload) => {
        if (this.#catchUp?.hold(channel, payload) !== true && !this.#publisher.isHeard(channel, payload))
          this.#receiver.receive(channel, payload);
      },
      confirmed: () => this.#confirmed(),
      lost: (error, aliveAt) => {
        this.#link.down('subscriptions', error);
        this.#presence?.pause();
        this.#catchUp?.begin(this.#subscriptions.wanted, aliveAt);
        this.#publisher.serveDirectly();
      },
      again: (wanted) => this.#catchUp?.begin(wanted, this.#wheel.now()),
      unconfirmed: (unheard) => this.#link.recovered(false, unheard),
    });
  }

  async #begin(client: Redis): Promise<void> {
    if (!(await this.#listeners.back()) || !(await this.#publisher.begin(client))) return;
    this.#link.up('commands');
    this.#resume();
  }

  #confirmed(): void {
    const again = this.#link.state === 'down' && this.#link.cuts > 0;
    this.#link.up('subscriptions');
    if (again && this.#catchUp === undefined) this.#link.recovered(false, this.#subscriptions.wanted);
    this.#resume();
  }

  #resume(): void {
    this.#publisher.resume();
    if (!this.#link.isUp('commands') || !this.#link.isUp('subscriptions')) return;
    this.#listeners.watch();
    this.#catchUp?.restore();
    this.#presence?.begin();
  }

  /** Serves those who are here, as if Redis had brought it. What was sent before they came is not for them. */
  #serve({ channel, payload, at }: Outgoing): void {
    if (at >= this.#heard.since(channel)) this.#receiver.receive(channel, payload, 0, true);
  }

  /** A change of groups: who does not wait for it must not end their process by an outage. */
  #watched(change: void | Promise<void>): void | Promise<void> {
    change?.catch((error: unknown) => this.#log(redisEvents.groupChangeFailed, {}, error));
    return change;
  }

  /** Listens to a user or a group. */
  #listen(channel: string): void | Promise<void> {
    if (!this.#subscriptions.wants(channel)) this.#heard.begin(channel, this.#wheel.now());
    return this.#subscriptions.want(channel);
  }

  #drop(channel: string): void {
    this.#subscriptions.drop(channel);
    this.#heard.end(channel);
    this.#catchUp?.end(channel);
    this.#publisher.endChannel(channel);
  }

  #joinHere(connectionId: string, group: string): void | Promise<void> {
    this.#registry.join(connectionId, group);
    const confirmed = this.#listen(this.#channels.group(group));
    return confirmed?.catch((error: unknown) => {
      // As if it had not been tried: a member of a group that nobody listens to would be deaf.
      this.#leaveHere(connectionId, group);
      throw error;
    });
  }

  #leaveHere(connectionId: string, group: string): void {
    this.#registry.leave(connectionId, group);
    this.#dropIfEmpty(group);
  }

  #dropIfEmpty(group: string): void {
    if (this.#registry.inGroup(group).size === 0) this.#drop(this.#channels.group(group));
  }

  #checkOpen(action: string): void {
    if (this.#closed !== undefined) throw codedError('SIGNALBOX_BACKPLANE_CLOSED', { action });
  }
}

const ignore = (): void => undefined;
