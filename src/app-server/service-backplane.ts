import type { Audience } from '../backplane/audience.ts';
import type { Backplane, BackplaneState, CompletionOutcome } from '../backplane/backplane.ts';
import { formsOf } from '../backplane/forms.ts';
import type { Member } from '../backplane/member.ts';
import type { Cancellation } from '../base/cancellation.ts';
import { codedError } from '../base/errors.ts';
import type { TimerWheel } from '../base/timer-wheel.ts';
import type { HubProtocol } from '../protocol/hub/hub-protocol.ts';
import { MessageType, type CompletionMessage } from '../protocol/hub/message.ts';
import { SharedMessage, type OutboundMessage } from '../protocol/hub/shared-message.ts';
import type { OutgoingServiceMessage, ServiceMessageOf } from '../protocol/service/messages.ts';
import { writeServiceMessage } from '../protocol/service/writer.ts';
import { Acks, type AckIds } from './acks.ts';
import { ServiceClientResults } from './client-results.ts';
import type { RelayedConnection } from './relayed-connection.ts';
import type { ServerConnection } from './server-connection.ts';

type Forms = ReadonlyMap<string, Buffer>;

/** What the backplane of a hub works with. */
export interface ServiceBackplaneParts {
  readonly serverId: string;
  readonly protocols: readonly HubProtocol[];
  readonly wheel: TimerWheel;
  readonly ackIds: AckIds;
  readonly ackTimeout: number;
  readonly state: () => BackplaneState;
  /** The server connection by which messages of a key go; undefined while there is none. */
  choose(key: string): ServerConnection | undefined;
  /** A client of this server. */
  client(connectionId: string): RelayedConnection | undefined;
}

/** Messages to everybody go one way, and keep their order. */
const EVERYBODY = '';

/**
 * The service as a backplane: what is sent goes there, and it knows who hears it. Messages to one client go by the server connection that
 * carries it where that is one of ours, so they keep their order with its answers; and so does what a method sends besides.
 */
export class ServiceBackplane implements Backplane {
  readonly keepsCallerOrder = true;
  readonly #parts: ServiceBackplaneParts;
  readonly #members = new Map<string, Member>();
  readonly #acks: Acks;
  readonly #results: ServiceClientResults;
  #closed = false;

  constructor(parts: ServiceBackplaneParts) {
    this.#parts = parts;
    this.#acks = new Acks(parts.ackIds, parts.wheel, parts.ackTimeout);
    this.#results = new ServiceClientResults({
      ...parts,
      send: (connectionId, message) => this.#toClient(connectionId, writeServiceMessage(message)),
    });
  }

  get state(): BackplaneState {
    return this.#parts.state();
  }

  /** @throws SignalboxError SIGNALBOX_NOT_RELAYED for a client that the service does not have, SIGNALBOX_BACKPLANE_CLOSED */
  attach(member: Member): void {
    const { connectionId } = member;
    if (this.#closed) throw codedError('SIGNALBOX_BACKPLANE_CLOSED', { action: 'attaching a connection' });
    if (this.#parts.client(connectionId) === undefined) throw codedError('SIGNALBOX_NOT_RELAYED', { connectionId });
    this.#members.set(connectionId, member);
  }

  /** The service takes it out of its groups. */
  detach(member: Member): void {
    if (this.#members.get(member.connectionId) === member) this.#members.delete(member.connectionId);
    this.#results.left(member);
  }

  /** @throws SignalboxError SIGNALBOX_SERVICE_UNAVAILABLE while there is no server connection */
  send(audience: Audience, message: OutboundMessage, caller?: string): void {
    this.#checkOpen('sending');
    switch (audience.to) {
      case 'all':
        return this.#broadcast(message, audience.except, caller);
      case 'connections':
        return this.#toConnections(audience.ids, message, caller);
      case 'groups':
        return this.#toGroups(audience.names, message, audience.except, caller);
      case 'users':
        return this.#toUsers(audience.ids, message, caller);
    }
  }

  join(connectionId: string, group: string): Promise<void> {
    return this.#request('joining a group', connectionId, (ackId) => ({ type: 'joinGroupWithAck', connectionId, group, ackId }));
  }

  leave(connectionId: string, group: string): Promise<void> {
    return this.#request('leaving a group', connectionId, (ackId) => ({ type: 'leaveGroupWithAck', connectionId, group, ackId }));
  }

  async invoke(connectionId: string, target: string, args: readonly unknown[], cancellation?: Cancellation): Promise<CompletionMessage> {
    this.#checkOpen('asking a client');
    const write = (invocationId: string): Forms =>
      formsOf(new SharedMessage({ type: MessageType.invocation, invocationId, target, arguments: args }), this.#parts.protocols);
    return this.#results.ask(connectionId, this.#members.get(connectionId), write, cancellation);
  }

  complete(member: Member, completion: CompletionMessage, record?: Buffer): CompletionOutcome {
    return this.#results.complete(member, completion, record);
  }

  close(): void {
    this.#closed = true;
    this.#results.end(() => codedError('SIGNALBOX_BACKPLANE_CLOSED', { action: 'waiting for a client result' }));
  }

  // What comes of the service.

  acknowledged(ack: ServiceMessageOf<'ack'>): void {
    this.#acks.settle(ack);
  }

  /** Another server asks a client of this one. */
  asked(invocation: ServiceMessageOf<'clientInvocation'>): void {
    const member = this.#members.get(invocation.connectionId);
    if (member !== undefined) this.#results.owe(invocation, member);
  }

  get results(): ServiceClientResults {
    return this.#results;
  }

  /** A server connection is gone. `last`: there is no other. */
  lost(server: ServerConnection, error: Error | undefined, last: boolean): void {
    this.#acks.lost(server, error);
    if (!last) return;
    const failed = (): Error => codedError('SIGNALBOX_SERVICE_UNAVAILABLE', { action: 'waiting for a client result' }, { cause: error });
    this.#results.end(failed);
  }

  #broadcast(message: OutboundMessage, except: readonly string[] = [], caller?: string): void {
    const payloads = formsOf(message, this.#parts.protocols);
    this.#write(this.#way(caller, EVERYBODY), { type: 'broadcastData', excluded: except, payloads });
  }

  #toConnections(ids: readonly string[], message: OutboundMessage, caller: string | undefined): void {
    const [only] = ids;
    if (only === undefined) return;
    const own = ids.length === 1 ? this.#members.get(only) : undefined;
    if (own !== undefined) return this.#toOwn(own, message);
    const payloads = formsOf(message, this.#parts.protocols);
    // Each by its own way, for that is where its other messages go.
    for (const [way, connectionIds] of grouped(ids, (id) => this.#parts.client(id)?.server ?? this.#way(caller, id))) {
      this.#write(way, { type: 'multiConnectionData', connectionIds, payloads });
    }
  }

  /** Only in the protocol that it speaks; behind all that it was sent, wherever it is carried. */
  #toOwn({ connectionId, protocol }: Member, message: OutboundMessage): void {
    const payload = message.payload(protocol);
    if (payload === undefined) return;
    const payloads = new Map([[protocol.name, payload.bytes]]);
    this.#toClient(connectionId, writeServiceMessage({ type: 'multiConnectionData', connectionIds: [connectionId], payloads }));
  }

  #toGroups(names: readonly string[], message: OutboundMessage, except: readonly string[] = [], caller?: string): void {
    const [first] = names;
    if (first === undefined) return;
    const payloads = formsOf(message, this.#parts.protocols);
    const way = this.#way(caller, first);
    if (names.length === 1) this.#write(way, { type: 'groupBroadcastData', group: first, excluded: except, payloads });
    else this.#write(way, { type: 'multiGroupBroadcastData', groups: [...new Set(names)], payloads });
  }

  #toUsers(ids: readonly string[], message: OutboundMessage, caller: string | undefined): void {
    const [only] = ids;
    if (only === undefined) return;
    const payloads = formsOf(message, this.#parts.protocols);
    if (ids.length === 1) return this.#write(this.#way(caller, only), { type: 'userData', userId: only, payloads });
    // A client belongs to one user: nobody hears it twice.
    for (const [way, userIds] of grouped(ids, (id) => this.#way(caller, id)))
      this.#write(way, { type: 'multiUserData', userIds, payloads });
  }

  /** The server connection of the caller, where a method of its sends; else that of the key. */
  #way(caller: string | undefined, key: string): ServerConnection | undefined {
    return (caller === undefined ? undefined : this.#parts.client(caller)?.server) ?? this.#parts.choose(key);
  }

  #request(action: string, connectionId: string, message: (ackId: number) => OutgoingServiceMessage): Promise<void> {
    this.#checkOpen(action);
    const own = this.#parts.client(connectionId);
    const server = own?.server ?? this.#parts.choose(connectionId);
    if (server === undefined) throw codedError('SIGNALBOX_SERVICE_UNAVAILABLE', { action });
    return this.#acks.request(action, server, (ackId) => void server.write(writeServiceMessage(message(ackId))));
  }

  /** False where there is no way. */
  #toClient(connectionId: string, message: Buffer): boolean {
    const own = this.#parts.client(connectionId);
    if (own !== undefined) {
      own.send(message);
      return true;
    }
    const server = this.#parts.choose(connectionId);
    server?.write(message);
    return server !== undefined;
  }

  #write(way: ServerConnection | undefined, message: OutgoingServiceMessage): void {
    if (way === undefined) throw codedError('SIGNALBOX_SERVICE_UNAVAILABLE', { action: 'sending' });
    way.write(writeServiceMessage(message));
  }

  #checkOpen(action: string): void {
    if (this.#closed) throw codedError('SIGNALBOX_BACKPLANE_CLOSED', { action });
  }
}

/** Names by the way that they go, each once. */
function grouped(
  names: readonly string[],
  way: (name: string) => ServerConnection | undefined,
): ReadonlyMap<ServerConnection | undefined, string[]> {
  const groups = new Map<ServerConnection | undefined, string[]>();
  for (const name of new Set(names)) {
    const server = way(name);
    const group = groups.get(server);
    if (group === undefined) groups.set(server, [name]);
    else group.push(name);
  }
  return groups;
}
