import type { Audience } from '../backplane/audience.ts';
import type { Backplane, BackplaneContext, BackplaneState, CompletionOutcome } from '../backplane/backplane.ts';
import type { Bus } from '../backplane/bus.ts';
import { ClientResults } from '../backplane/client-results.ts';
import { formsOf } from '../backplane/forms.ts';
import type { Member } from '../backplane/member.ts';
import { Peers } from '../backplane/peers.ts';
import { Registry } from '../backplane/registry.ts';
import type { Cancellation } from '../base/cancellation.ts';
import { codedError } from '../base/errors.ts';
import { randomId } from '../base/ids.ts';
import type { Log } from '../base/log.ts';
import { Timer, type TimerWheel } from '../base/timer-wheel.ts';
import type { HubProtocol } from '../protocol/hub/hub-protocol.ts';
import type { CompletionMessage } from '../protocol/hub/message.ts';
import type { OutboundMessage } from '../protocol/hub/shared-message.ts';
import { BusPublisher } from './bus-publisher.ts';
import { BusReceiver } from './bus-receiver.ts';
import { BusSubscriptions } from './bus-subscriptions.ts';
import { Errands } from './errands.ts';
import { busEvents } from './log-events.ts';
import type { BusSettings } from './options.ts';
import { OwedAnswers } from './owed-answers.ts';
import { RemoteConnections } from './remote-connections.ts';
import { Subjects } from './subjects.ts';

/** What the backplanes of one `busBackplane(…)` have in common. */
export interface BusFarm {
  readonly bus: Bus;
  readonly settings: BusSettings;
  /** One of them has closed. */
  released(): void | Promise<void>;
}

/**
 * Joins the servers of a farm over any bus. Every message to more than one connection goes over the bus once, those for clients of this server too:
 * where the bus has one order of what is published on a subject, clients of all servers see it in that order.
 */
export class BusBackplane implements Backplane {
  readonly #farm: BusFarm;
  readonly #wheel: TimerWheel;
  readonly #server = randomId();
  readonly #registry = new Registry();
  readonly #results = new ClientResults();
  readonly #protocols: readonly HubProtocol[];
  readonly #log: Log;
  readonly #subjects: Subjects;
  readonly #subscriptions: BusSubscriptions;
  readonly #publisher: BusPublisher;
  readonly #peers: Peers;
  readonly #errands: Errands;
  readonly #remote: RemoteConnections;
  readonly #owed: OwedAnswers;
  readonly #receiver: BusReceiver;
  readonly #again = new Timer(() => this.#begin());
  #introduced = false;
  #closed = false;

  constructor(hub: string, { protocols, wheel, log }: BackplaneContext, farm: BusFarm) {
    const { bus, settings } = farm;
    const server = this.#server;
    const subjects = new Subjects(settings.subjectPrefix, hub);
    const publisher = new BusPublisher(bus, subjects, hub, log);
    const { tell, tellAll } = publisher;
    const errands = new Errands({ server, wheel, tellAll, servers: () => this.#peers.servers });
    const owed = new OwedAnswers(tell);
    const parts = { hub, server, protocols, wheel, log, settings, registry: this.#registry, errands, owed, tell, tellAll };
    const peers = new Peers({
      server,
      wheel,
      settings,
      here: (asks) => tellAll({ kind: 'here', server, asks }),
      answer: (peer) => tell(peer, { kind: 'here', server, asks: false }),
      goodbye: () => tellAll({ kind: 'gone', server }),
      beat: () => errands.look(),
      left: (peer) => {
        errands.serverLeft(peer);
        owed.serverLeft(peer);
      },
    });
    this.#farm = farm;
    this.#wheel = wheel;
    this.#protocols = protocols;
    this.#log = log;
    this.#subjects = subjects;
    this.#publisher = publisher;
    this.#errands = errands;
    this.#owed = owed;
    this.#peers = peers;
    this.#remote = new RemoteConnections({
      ...parts,
      publish: (connectionId, message) => publisher.publish(subjects.connection(connectionId), message),
    });
    this.#receiver = new BusReceiver({
      ...parts,
      peers,
      join: (connectionId, group) => this.#joinHere(connectionId, group),
      leave: (connectionId, group) => this.#leaveHere(connectionId, group),
    });
    this.#subscriptions = new BusSubscriptions(bus, wheel, settings.subscribeTimeout, this.#receiver.receive);
    this.#begin();
  }

  get state(): BackplaneState {
    const { state = 'connected' } = this.#farm.bus;
    if (state !== 'connected') return state;
    if (this.#peers.deaf || this.#again.armed) return 'down';
    return this.#introduced ? 'connected' : 'connecting';
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** How much came over the bus that no server of the farm would say. */
  get foreignMessages(): number {
    return this.#receiver.foreign;
  }

  /** Resolves when this server hears what is sent to the client. */
  attach(member: Member): void | Promise<void> {
    this.#checkOpen('attaching a connection');
    this.#registry.add(member);
    const subjects = [...this.#core, this.#subjects.connection(member.connectionId)];
    if (member.userId !== undefined) subjects.push(this.#subjects.user(member.userId));
    return this.#want(subjects);
  }

  detach(member: Member): void {
    const groups = [...this.#registry.groupsOf(member)];
    if (this.#registry.get(member.connectionId) === member) this.#subscriptions.drop(this.#subjects.connection(member.connectionId));
    this.#registry.remove(member);
    for (const group of groups) this.#dropIfEmpty(group);
    if (member.userId !== undefined && !this.#registry.hasUser(member.userId)) this.#subscriptions.drop(this.#subjects.user(member.userId));
    this.#results.abandon(member);
    this.#owed.abandon(member);
  }

  /**
   * Resolves when the bus has taken the message. Nobody has to wait for it: a failure is logged, too.
   *
   * @throws SignalboxError SIGNALBOX_BUS_FAILED; TypeError when the message can't be represented in one of the host's protocols
   */
  send(audience: Audience, message: OutboundMessage): void | Promise<void> {
    this.#checkOpen('sending');
    const elsewhere = audience.to === 'connections' ? this.#deliverHere(audience.ids, message) : audience;
    const subject = elsewhere && this.#subjectOf(elsewhere);
    if (elsewhere === undefined || subject === undefined) return;
    return this.#publisher.publish(subject, { kind: 'message', audience: elsewhere, forms: formsOf(message, this.#protocols) });
  }

  join(connectionId: string, group: string): void | Promise<void> {
    this.#checkOpen('joining a group');
    const here = this.#registry.get(connectionId) !== undefined;
    return this.#watched(here ? this.#joinHere(connectionId, group) : this.#remote.change(connectionId, group, true));
  }

  leave(connectionId: string, group: string): void | Promise<void> {
    this.#checkOpen('leaving a group');
    if (this.#registry.get(connectionId) === undefined) return this.#watched(this.#remote.change(connectionId, group, false));
    this.#leaveHere(connectionId, group);
  }

  async invoke(connectionId: string, target: string, args: readonly unknown[], cancellation?: Cancellation): Promise<CompletionMessage> {
    this.#checkOpen('asking a client');
    const member = this.#registry.get(connectionId);
    if (member === undefined) return this.#remote.ask(connectionId, target, args, cancellation);
    // A client that is asked by several servers must be able to tell their questions apart.
    return this.#results.ask(randomId(), member, target, args, cancellation);
  }

  complete(member: Member, completion: CompletionMessage, record?: Buffer): CompletionOutcome {
    const outcome = this.#results.complete(member, completion);
    if (outcome !== 'unknown') return outcome;
    if (this.#errands.has(completion.invocationId)) return 'foreign';
    return this.#owed.complete(member, completion, record);
  }

  close(): void | Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#wheel.cancel(this.#again);
    this.#results.close();
    this.#errands.close(codedError('SIGNALBOX_BACKPLANE_CLOSED', { action: 'waiting for another server' }));
    this.#peers.close();
    this.#subscriptions.close();
    return this.#farm.released();
  }

  get #core(): readonly string[] {
    return [this.#subjects.all, this.#subjects.server(this.#server)];
  }

  /** Hears the others, and says so. */
  #begin(): void {
    const introduce = (): void => {
      if (this.#closed) return;
      this.#introduced = true;
      this.#peers.begin();
    };
    const wanted = this.#want(this.#core);
    if (wanted === undefined) return introduce();
    wanted.then(introduce, (error: unknown) => {
      if (this.#closed) return;
      this.#log(busEvents.subscribeFailed, {}, error);
      this.#wheel.arm(this.#again, this.#farm.settings.heartbeatInterval);
    });
  }

  #want(subjects: readonly string[]): Promise<void> | undefined {
    let waiting: Promise<void>[] | undefined;
    for (const subject of subjects) {
      const ready = this.#subscriptions.want(subject);
      if (ready !== undefined) (waiting ??= []).push(ready);
    }
    return waiting && (waiting.length === 1 ? waiting[0] : Promise.all(waiting).then(() => undefined));
  }

  /** Delivers to those connections that are here, and returns who is left. */
  #deliverHere(ids: readonly string[], message: OutboundMessage): Audience | undefined {
    const elsewhere: string[] = [];
    for (const id of ids.length === 1 ? ids : new Set(ids)) {
      const member = this.#registry.get(id);
      if (member === undefined) elsewhere.push(id);
      else member.deliver(message);
    }
    return elsewhere.length === 0 ? undefined : { to: 'connections', ids: elsewhere };
  }

  /** What is for several users, groups or connections is published once, to every server: so who is in two groups hears it once. */
  #subjectOf(audience: Audience): string | undefined {
    if (audience.to === 'all') return this.#subjects.all;
    const names = audience.to === 'groups' ? audience.names : audience.ids;
    const [only] = names;
    if (only === undefined) return undefined;
    if (names.length > 1) return this.#subjects.all;
    if (audience.to === 'groups') return this.#subjects.group(only);
    return audience.to === 'users' ? this.#subjects.user(only) : this.#subjects.connection(only);
  }

  #joinHere(connectionId: string, group: string): void | Promise<void> {
    this.#registry.join(connectionId, group);
    return this.#subscriptions.want(this.#subjects.group(group))?.catch((error: unknown) => {
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
    if (this.#registry.inGroup(group).size === 0) this.#subscriptions.drop(this.#subjects.group(group));
  }

  /** A change of groups: who does not wait for it must not end their process by an outage. */
  #watched(change: void | Promise<void>): void | Promise<void> {
    change?.catch((error: unknown) => this.#log(busEvents.groupChangeFailed, {}, error));
    return change;
  }

  #checkOpen(action: string): void {
    if (this.#closed) throw codedError('SIGNALBOX_BACKPLANE_CLOSED', { action });
  }
}
