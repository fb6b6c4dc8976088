import type { Registry } from '../backplane/registry.ts';
import type { Log } from '../base/log.ts';
import { Timer, type TimerWheel } from '../base/timer-wheel.ts';
import type { ServiceMessageOf } from '../protocol/service/messages.ts';
import { writeServiceMessage } from '../protocol/service/writer.ts';
import { serviceEvents } from './log-events.ts';
import type { ServiceSettings } from './options.ts';
import { RelayedMessage } from './relayed-message.ts';
import type { ServerLink } from './server-link.ts';
import type { ServerLinks } from './server-links.ts';
import type { ServiceClient } from './service-client.ts';

/** How the library of .NET app servers names itself. */
const OFFICIAL = 'Microsoft.Azure.SignalR';
/** Milliseconds between two looks for what has been waited for too long. */
const LOOK = 5_000;

/** The client has been asked already. */
const NO_PAYLOADS: ReadonlyMap<string, Buffer> = new Map();

/** What client results need of their hub. */
export interface ResultParts {
  readonly name: string;
  readonly instanceId: string;
  readonly clients: Registry<ServiceClient>;
  readonly links: ServerLinks;
  readonly settings: ServiceSettings;
  readonly wheel: TimerWheel;
  readonly log: Log;
}

interface Pending {
  /** The app server that asked. */
  readonly caller: string;
  /** The client that was asked. */
  readonly connectionId: string;
  readonly askedAt: number;
  /** The app server by which the answer comes. */
  server: string;
  /** The one that the client had before, which may have got the answer unnoticed. */
  former: string | undefined;
  /** The client has answered, and its app server has not passed that on. */
  answered: boolean;
}

/** The client results that app servers wait for: who asked, and who may answer. */
export class ClientResults {
  readonly #parts: ResultParts;
  readonly #pending = new Map<string, Pending>();
  /** The ids that each client owes an answer to. */
  readonly #owed = new Map<string, Set<string>>();
  readonly #looking = new Timer(() => this.#look());

  constructor(parts: ResultParts) {
    this.#parts = parts;
  }

  /** Client results that are awaited. */
  get size(): number {
    return this.#pending.size;
  }

  /** An app server asks a client, which may be another app server's. */
  ask(message: ServiceMessageOf<'clientInvocation'>, from: ServerLink): void {
    const { invocationId, connectionId, payloads } = message;
    const caller = from.traits.serverId;
    const client = this.#parts.clients.get(connectionId);
    const link = client?.link;
    const reason = this.#refusal(message, client);
    if (client === undefined || link === undefined || reason !== undefined) {
      const error = reason ?? `Connection '${connectionId}' does not exist.`;
      from.tell(writeServiceMessage({ type: 'errorCompletion', invocationId, connectionId, callerServerId: caller, error }));
      return;
    }
    const { wheel, instanceId } = this.#parts;
    const server = link.traits.serverId;
    this.#add(invocationId, { caller, connectionId, askedAt: wheel.now(), server, former: undefined, answered: false });
    if (!this.#looking.armed) wheel.arm(this.#looking, LOOK);
    if (server !== caller) {
      // Its app server has to know the id before the answer comes.
      link.tell(writeServiceMessage({ ...message, callerServerId: caller }));
      from.tell(writeServiceMessage({ type: 'serviceMapping', invocationId, connectionId, instanceId }));
    }
    this.#pose(client, from, new RelayedMessage(payloads));
  }

  /** Whether an answer is awaited of a client of this node. */
  has(invocationId: string): boolean {
    return this.#pending.has(invocationId);
  }

  /** The app server of the client that was asked passes the answer on; or the one that asked needs none any more. */
  complete(message: ServiceMessageOf<'clientCompletion'> | ServiceMessageOf<'errorCompletion'>, from: ServerLink): void {
    const { invocationId } = message;
    const pending = this.#pending.get(invocationId);
    const sender = from.traits.serverId;
    if (pending === undefined || !mayComplete(pending, message.type, sender)) return;
    this.#remove(invocationId, pending);
    if (pending.caller !== sender) this.#parts.links.anyOf(pending.caller)?.tell(writeServiceMessage(message));
  }

  /** What it was asked is not going to be answered. */
  clientLeft(connectionId: string): void {
    for (const invocationId of this.#owed.get(connectionId) ?? []) this.#fail(invocationId, `Connection '${connectionId}' disconnected.`);
  }

  /** What it asked needs no answer; and what it was to pass on of clients that it has no more is not going to come. */
  serverLeft(serverId: string): void {
    for (const [invocationId, pending] of this.#pending) {
      if (pending.caller === serverId) this.#remove(invocationId, pending);
      else if (pending.answered && pending.server === serverId) {
        this.#fail(invocationId, `The app server of connection '${pending.connectionId}' left before it passed on its answer.`);
      }
    }
  }

  /** A client has sent its app server a completion: the answer to what it was asked, if the id is of that. */
  answering(connectionId: string, invocationId: string): void {
    if (this.#owed.get(connectionId)?.has(invocationId) !== true) return;
    const pending = this.#pending.get(invocationId);
    if (pending !== undefined) pending.answered = true;
  }

  /** Whether a client can't be moved for now: the app server that serves it waits itself for an answer of it, or has one to pass on. */
  owed(connectionId: string, serverId: string): boolean {
    for (const invocationId of this.#owed.get(connectionId) ?? []) {
      const pending = this.#pending.get(invocationId);
      if (pending !== undefined && (pending.caller === serverId || (pending.answered && pending.server === serverId))) return true;
    }
    return false;
  }

  /** A client has another app server, from which the answers come that it has not given: it has to know their ids. */
  clientMoved(connectionId: string, link: ServerLink): void {
    const server = link.traits.serverId;
    for (const invocationId of this.#owed.get(connectionId) ?? []) {
      const pending = this.#pending.get(invocationId);
      if (pending === undefined || pending.answered) continue;
      pending.former = pending.server;
      pending.server = server;
      if (pending.caller === server) continue;
      const message = {
        type: 'clientInvocation',
        invocationId,
        connectionId,
        callerServerId: pending.caller,
        payloads: NO_PAYLOADS,
      } as const;
      link.tell(writeServiceMessage(message));
    }
  }

  close(): void {
    this.#pending.clear();
    this.#owed.clear();
    this.#parts.wheel.cancel(this.#looking);
  }

  /** Asks the client, when its answer can be taken. */
  #pose(client: ServiceClient, { traits }: ServerLink, question: RelayedMessage): void {
    const { clientResultDelay } = this.#parts.settings;
    if (clientResultDelay === null || !traits.userAgent.startsWith(OFFICIAL)) return client.deliver(question);
    // Finer than the wheel's turns. Whoever has gone by then hears nothing.
    setTimeout(() => client.deliver(question), clientResultDelay).unref();
  }

  #refusal({ invocationId, payloads }: ServiceMessageOf<'clientInvocation'>, client: ServiceClient | undefined): string | undefined {
    if (client === undefined) return undefined;
    const { settings, log, name } = this.#parts;
    let reason: string | undefined;
    const protocol = client.protocol.name;
    if (!payloads.has(protocol)) reason = `The client speaks the hub protocol '${protocol}', in which there is no payload.`;
    else if (invocationId.length > settings.maximumNameLength) {
      reason = `Its invocation id has more than ${settings.maximumNameLength} characters (maximumNameLength).`;
    } else if (this.#pending.has(invocationId)) reason = 'Its invocation id is in use.';
    else if (this.#pending.size >= settings.maximumPendingResults) {
      reason = `${settings.maximumPendingResults} client results are awaited already (maximumPendingResults).`;
    }
    if (reason !== undefined) log(serviceEvents.resultRefused, { hub: name, reason });
    return reason;
  }

  #look(): void {
    const { wheel, settings } = this.#parts;
    const longAgo = wheel.now() - settings.clientResultTimeout;
    for (const [invocationId, { askedAt }] of this.#pending) {
      // In the order in which they were asked.
      if (askedAt > longAgo) break;
      this.#fail(invocationId, `The client did not answer within ${settings.clientResultTimeout} ms.`);
    }
    if (this.#pending.size > 0) wheel.arm(this.#looking, LOOK);
  }

  #add(invocationId: string, pending: Pending): void {
    this.#pending.set(invocationId, pending);
    const owed = this.#owed.get(pending.connectionId);
    if (owed === undefined) this.#owed.set(pending.connectionId, new Set([invocationId]));
    else owed.add(invocationId);
  }

  #remove(invocationId: string, { connectionId }: Pending): void {
    this.#pending.delete(invocationId);
    const owed = this.#owed.get(connectionId);
    if (owed?.delete(invocationId) && owed.size === 0) this.#owed.delete(connectionId);
    this.#parts.clients.get(connectionId)?.answered();
  }

  #fail(invocationId: string, error: string): void {
    const pending = this.#pending.get(invocationId);
    if (pending === undefined) return;
    this.#remove(invocationId, pending);
    const { caller, connectionId } = pending;
    const message = { type: 'errorCompletion', invocationId, connectionId, callerServerId: caller, error } as const;
    this.#parts.links.anyOf(caller)?.tell(writeServiceMessage(message));
  }
}

/** Who asked may; and the app server that got the answer. An error of the one that the client had before says only that it has left. */
const mayComplete = ({ caller, server, former }: Pending, type: 'clientCompletion' | 'errorCompletion', sender: string): boolean =>
  sender === caller || sender === server || (sender === former && type === 'clientCompletion');
