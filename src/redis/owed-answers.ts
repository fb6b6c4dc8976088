import type { CompletionOutcome } from '../backplane/backplane.ts';
import type { Member } from '../backplane/member.ts';
import { OwedResults, type OwedResult } from '../backplane/owed-results.ts';
import type { Log } from '../base/log.ts';
import type { HubProtocol } from '../protocol/hub/hub-protocol.ts';
import { MessageType, type CompletionMessage } from '../protocol/hub/message.ts';
import type { OutboundMessage } from '../protocol/hub/shared-message.ts';
import type { HubChannels } from './channels.ts';
import { writeAnswer, type ReturnPath } from './envelope.ts';
import { redisEvents } from './log-events.ts';
import type { Publisher } from './publisher.ts';
import { CLIENT_LEFT } from './questions.ts';

const COLLISION = 'ID collision occurred when using client results. This is likely a bug in SignalR.';

interface Owed extends OwedResult {
  readonly address: string;
  /** The protocol that the asking server is answered in. */
  readonly protocol: HubProtocol;
}

/** Client results that clients of this server owe to other servers. */
export class OwedAnswers {
  readonly #channels: HubChannels;
  readonly #publisher: Publisher;
  readonly #log: Log;
  readonly #owed = new OwedResults<Owed>();

  constructor(channels: HubChannels, publisher: Publisher, log: Log) {
    this.#channels = channels;
    this.#publisher = publisher;
    this.#log = log;
  }

  /**
   * Puts a question of another server to a client.
   *
   * @param protocol - what that server reads: the client's own, unless it does not know that
   */
  ask(member: Member, { invocationId, address }: ReturnPath, question: OutboundMessage, protocol: HubProtocol): void {
    if (this.#owed.has(invocationId)) return this.#fail(protocol, invocationId, address, COLLISION);
    this.#owed.add(invocationId, { member, address, protocol });
    member.deliver(question);
  }

  /** Answers a question to a client that is not here any more. */
  refuse({ invocationId, address }: ReturnPath, protocol: HubProtocol): void {
    this.#fail(protocol, invocationId, address, CLIENT_LEFT);
  }

  /** A client answered. Its own bytes go back where they can be read: no value changes on the way. */
  complete(member: Member, completion: CompletionMessage, record: Buffer | undefined): CompletionOutcome {
    const owed = this.#owed.takeAnswered(member, completion);
    if (typeof owed === 'string') return owed;
    const { protocol, address } = owed;
    const verbatim = protocol === member.protocol ? record : undefined;
    this.#answer(protocol, completion.invocationId, address, verbatim ?? translated(protocol, completion));
    return 'settled';
  }

  /** A client left: everything that it owes fails. */
  abandon(member: Member): void {
    this.#owed.takeEach(
      ({ member: owing }) => owing === member,
      ({ address, protocol }, invocationId) => this.#fail(protocol, invocationId, address, CLIENT_LEFT),
    );
  }

  #fail(protocol: HubProtocol, invocationId: string, address: string, error: string): void {
    this.#answer(
      protocol,
      invocationId,
      address,
      written(protocol, { type: MessageType.completion, invocationId, hasResult: false, error }),
    );
  }

  #answer(protocol: HubProtocol, invocationId: string, address: string, record: Buffer): void {
    const answer = writeAnswer({ protocol: protocol.name, record });
    this.#publisher
      .tell(this.#channels.answersTo(address), answer, { awaited: true })
      .catch((error: unknown) => this.#log(redisEvents.errorForwardingResult, { invocationId: invocationId.slice(0, 80) }, error));
  }
}

/** A value that the protocol can't represent is an error, so that nobody waits for it. */
function translated(protocol: HubProtocol, completion: CompletionMessage): Buffer {
  try {
    return written(protocol, completion);
  } catch {
    const { invocationId } = completion;
    const error = `The client's result can't be translated to '${protocol.name}'.`;
    return written(protocol, { type: MessageType.completion, invocationId, hasResult: false, error });
  }
}

function written(protocol: HubProtocol, completion: CompletionMessage): Buffer {
  return Buffer.from(protocol.write(completion) as Uint8Array);
}
