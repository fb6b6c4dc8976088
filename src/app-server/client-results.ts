import { randomUUID } from 'node:crypto';
import type { CompletionOutcome } from '../backplane/backplane.ts';
import type { Member } from '../backplane/member.ts';
import { OwedResults, type OwedResult } from '../backplane/owed-results.ts';
import type { Cancellation } from '../base/cancellation.ts';
import { codedError, errorTable } from '../base/errors.ts';
import { fill } from '../base/template.ts';
import { Timer, type TimerWheel } from '../base/timer-wheel.ts';
import type { HubProtocol } from '../protocol/hub/hub-protocol.ts';
import { MessageType, type CompletionMessage } from '../protocol/hub/message.ts';
import type { OutgoingServiceMessage, ServiceMessageOf } from '../protocol/service/messages.ts';

/** Milliseconds that a client of ours is held to owe another server an answer: the service waits no longer. */
const LONGEST_DEBT = 600_000;

interface Asked {
  readonly connectionId: string;
  readonly resolve: (completion: CompletionMessage) => void;
  readonly reject: (error: Error) => void;
  /** The instance of the service that has the client, where that is known. */
  instance?: string;
}

/** A client here that was asked, by this server (`asked`) or by another. */
interface Owed extends OwedResult {
  readonly asked: Asked | undefined;
  /** Ends the debt to another server. */
  readonly expiry: Timer | undefined;
}

/** How client results reach the service. */
export interface ResultsParts {
  readonly serverId: string;
  readonly protocols: readonly HubProtocol[];
  readonly wheel: TimerWheel;
  /** Sends a message about a client, where it keeps its order with what that client is sent. False where there is no way to the service. */
  send(connectionId: string, message: OutgoingServiceMessage): boolean;
}

/** The client results of a hub: those that this server waits for, and those that its clients owe, whoever waits. */
export class ServiceClientResults {
  readonly #parts: ResultsParts;
  readonly #asked = new Map<string, Asked>();
  readonly #owed = new OwedResults<Owed>();
  #last = 0;

  constructor(parts: ResultsParts) {
    this.#parts = parts;
  }

  /**
   * Asks a client and waits for its answer.
   *
   * @param member - the client, where it is one of this server's
   * @param write - writes the invocation of an id, in all protocols
   * @throws SignalboxError SIGNALBOX_UNKNOWN_CONNECTION, SIGNALBOX_CONNECTION_GONE, SIGNALBOX_SERVICE_UNAVAILABLE, or the cancellation's reason
   */
  ask(
    connectionId: string,
    member: Member | undefined,
    write: (invocationId: string) => ReadonlyMap<string, Buffer>,
    cancellation: Cancellation | undefined,
  ): Promise<CompletionMessage> {
    if (cancellation?.reason !== undefined) return Promise.reject(cancellation.reason);
    const { serverId } = this.#parts;
    const id = `${connectionId}-${randomUUID().replaceAll('-', '')}-${++this.#last}`;
    return new Promise((resolve, reject) => {
      const payloads = write(id);
      const asked: Asked = { connectionId, resolve, reject };
      this.#asked.set(id, asked);
      if (member !== undefined) this.#owed.add(id, { member, asked, expiry: undefined });
      cancellation?.listen((reason) => this.#fail(id, reason));
      const message = { type: 'clientInvocation', invocationId: id, connectionId, callerServerId: serverId, payloads } as const;
      if (this.#parts.send(connectionId, message)) return;
      this.#take(id);
      reject(codedError('SIGNALBOX_SERVICE_UNAVAILABLE', { action: 'asking a client' }));
    });
  }

  /** Another server asks a client of this one; the client hears it from the service. */
  owe({ invocationId }: ServiceMessageOf<'clientInvocation'>, member: Member): void {
    if (this.#owed.has(invocationId)) return;
    const expiry = new Timer(() => void this.#owed.take(invocationId));
    this.#owed.add(invocationId, { member, asked: undefined, expiry });
    this.#parts.wheel.arm(expiry, LONGEST_DEBT);
  }

  /** A client of this server has answered. */
  complete(member: Member, completion: CompletionMessage, record: Buffer | undefined): CompletionOutcome {
    const owed = this.#owed.takeAnswered(member, completion);
    if (typeof owed === 'string') return owed;
    const { asked, expiry } = owed;
    if (expiry !== undefined) this.#parts.wheel.cancel(expiry);
    // To the service, an answer without bytes says that this server has its own.
    const payload = asked === undefined ? (record ?? Buffer.from(member.protocol.write(completion))) : Buffer.alloc(0);
    this.#answer(completion.invocationId, member.connectionId, member.protocol.name, payload);
    this.#asked.delete(completion.invocationId);
    asked?.resolve(completion);
    return 'settled';
  }

  /** The answer of a client that another server has. */
  completed({ invocationId, connectionId, protocol, payload }: ServiceMessageOf<'clientCompletion'>): void {
    const asked = this.#asked.get(invocationId);
    if (asked === undefined || asked.connectionId !== connectionId || payload.length === 0) return;
    const completion = this.#read(payload, protocol ?? '');
    this.#take(invocationId);
    if (completion?.invocationId === invocationId) asked.resolve(completion);
    else asked.reject(new Error(`The answer of connection '${connectionId}' can't be read in the hub protocol '${protocol ?? ''}'.`));
  }

  /** The service says that there is no answer to come. */
  failed({ invocationId, error }: ServiceMessageOf<'errorCompletion'>): void {
    const asked = this.#take(invocationId);
    if (asked === undefined) return;
    const { connectionId } = asked;
    const text = error ?? '';
    if (text === fill(errorTable.SIGNALBOX_UNKNOWN_CONNECTION.text, { connectionId })) {
      asked.reject(codedError('SIGNALBOX_UNKNOWN_CONNECTION', { connectionId }));
    } else if (text === fill(errorTable.SIGNALBOX_CONNECTION_GONE.text, { connectionId })) {
      asked.reject(codedError('SIGNALBOX_CONNECTION_GONE', { connectionId }));
    } else asked.resolve({ type: MessageType.completion, invocationId, hasResult: false, error: text });
  }

  /** Which instance of the service has the client that was asked. */
  mapped({ invocationId, instanceId }: ServiceMessageOf<'serviceMapping'>): void {
    const asked = this.#asked.get(invocationId);
    if (asked !== undefined) asked.instance = instanceId;
  }

  /** An instance of the service is gone, and its clients with it. */
  instanceGone(instance: string): void {
    for (const [id, asked] of this.#asked) if (asked.instance === instance) this.#abandon(id, asked);
  }

  /** A client of this server is gone. */
  left(member: Member): void {
    this.#owed.takeEach(
      (owed) => owed.member === member,
      ({ asked, expiry }, id) => {
        if (expiry !== undefined) this.#parts.wheel.cancel(expiry);
        if (asked !== undefined) this.#abandon(id, asked);
      },
    );
  }

  /** Fails everything that is waited for. */
  end(error: () => Error): void {
    for (const id of this.#asked.keys()) this.#take(id)?.reject(error());
  }

  #abandon(id: string, { connectionId }: Asked): void {
    this.#take(id)?.reject(codedError('SIGNALBOX_CONNECTION_GONE', { connectionId }));
  }

  /** Nobody waits for it any more. */
  #fail(id: string, reason: Error): void {
    const asked = this.#take(id);
    if (asked === undefined) return;
    this.#answer(id, asked.connectionId, '', Buffer.alloc(0));
    asked.reject(reason);
  }

  #answer(invocationId: string, connectionId: string, protocol: string, payload: Buffer): void {
    const { serverId: senderServerId } = this.#parts;
    this.#parts.send(connectionId, { type: 'clientCompletion', invocationId, connectionId, senderServerId, protocol, payload });
  }

  #take(id: string): Asked | undefined {
    const asked = this.#asked.get(id);
    this.#asked.delete(id);
    this.#owed.take(id);
    return asked;
  }

  #read(payload: Buffer, name: string): CompletionMessage | undefined {
    const protocol = this.#parts.protocols.find((known) => known.name === name);
    let completion: CompletionMessage | undefined;
    try {
      protocol?.parse(payload, 0, 0, (message) => {
        if (message.type === MessageType.completion) completion = message;
        return false;
      });
    } catch {
      return undefined;
    }
    return completion;
  }
}
