import type { Cancellation } from '../base/cancellation.ts';
import type { Log } from '../base/log.ts';
import type { TimerWheel } from '../base/timer-wheel.ts';
import type { HubProtocol } from '../protocol/hub/hub-protocol.ts';
import type { CompletionMessage } from '../protocol/hub/message.ts';
import type { OutboundMessage } from '../protocol/hub/shared-message.ts';
import type { Audience } from './audience.ts';
import type { BackplaneFigures } from './figures.ts';
import type { Member } from './member.ts';

/** How a completion that a client sent was taken. */
export type CompletionOutcome =
  /** It settled a client result that was asked of this client. */
  | 'settled'
  /** Nobody waits for that id (any more): ignored. */
  | 'unknown'
  /** Somebody else was asked: the sender broke the protocol, and the one who was asked can still answer. */
  | 'foreign';

/** How a backplane stands: it reaches the other servers, is about to for the first time or again, or can't. */
export type BackplaneState = 'connected' | 'connecting' | 'down';

/**
 * Carries one hub's messages to its clients, on this server and on every other of the farm. It moves messages; who is
 * who on this server is the registry's business, and what a message means the hub's.
 *
 * Every implementation guarantees: messages of one sender to one channel (all, a user, a group, a connection) arrive in the order they were sent;
 * while the servers can reach each other, everybody hears the messages to all, a user or a group in one order; no client hears a message
 * twice, also where an audience names it twice; a join or leave that was awaited is seen by the next send; nothing is delivered to a member
 * before `attach` or after `detach`. A promise is returned only where there is something to wait for. The exported backplane conformance suite says all of this as tests.
 */
export interface Backplane {
  /** How it stands, for health checks. Left out by one that needs nothing but this process. */
  readonly state?: BackplaneState | undefined;
  /** How it does, for health checks and metrics: looked at now and then. Left out by one that has nothing to tell. */
  readonly figures?: BackplaneFigures | undefined;
  /**
   * Whether `send` is to be told who calls: without that, messages that a method sends may overtake its answers. Left out by one that needs
   * nothing for it, because it sends and answers by one way.
   */
  readonly keepsCallerOrder?: boolean | undefined;
  /** A client is here. Called once for each, before its first message. */
  attach(member: Member): void | Promise<void>;
  /** A client has gone, and with it its memberships. What was asked of it and not answered fails. */
  detach(member: Member): void | Promise<void>;
  /**
   * @param caller - the connection whose method sends, where `keepsCallerOrder` asks for it
   * @throws TypeError when the message can't be represented in a client's protocol; clients that use another may have
   *   received it
   */
  send(audience: Audience, message: OutboundMessage, caller?: string): void | Promise<void>;
  /** Adds a connection, of any server, to a group. A connection that does not exist is no error. */
  join(connectionId: string, group: string): void | Promise<void>;
  leave(connectionId: string, group: string): void | Promise<void>;
  /**
   * Calls one client and resolves with its answer.
   *
   * @throws SignalboxError SIGNALBOX_UNKNOWN_CONNECTION, SIGNALBOX_CONNECTION_GONE, or the cancellation's reason
   */
  invoke(connectionId: string, target: string, args: readonly unknown[], cancellation?: Cancellation): Promise<CompletionMessage>;
  /**
   * A client of this server answered. `record` is the answer as it sent it, framing included, for the length of the call: who passes it on
   * loses nothing of values that this process can't represent. Where it is missing, the completion is written anew.
   */
  complete(member: Member, completion: CompletionMessage, record?: Buffer): CompletionOutcome;
  /** Ends it: pending client results fail, nothing is delivered any more. */
  close(): void | Promise<void>;
}

/** What a host lends to the backplanes of its hubs. */
export interface BackplaneContext {
  /** Every hub protocol that its clients may speak. */
  readonly protocols: readonly HubProtocol[];
  /** For time-outs. It is closed after the backplanes. */
  readonly wheel: TimerWheel;
  readonly log: Log;
}

/** Makes the backplane of one hub. `hub` is its name on the farm. */
export type BackplaneFactory = (hub: string, context: BackplaneContext) => Backplane;
