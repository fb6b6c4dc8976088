import type { CompletionOutcome } from '../backplane/backplane.ts';
import type { Member } from '../backplane/member.ts';
import { OwedResults, type OwedResult } from '../backplane/owed-results.ts';
import type { CompletionMessage } from '../protocol/hub/message.ts';
import type { OutboundMessage } from '../protocol/hub/shared-message.ts';
import type { BusMessage } from './envelope.ts';

interface Owed extends OwedResult {
  /** Who asked. */
  readonly server: string;
}

/** Client results that clients of this server owe to other servers. */
export class OwedAnswers {
  readonly #tell: (server: string, message: BusMessage) => void;
  readonly #owed = new OwedResults<Owed>();

  constructor(tell: (server: string, message: BusMessage) => void) {
    this.#tell = tell;
  }

  /** Puts a question of another server to a client. One that comes a second time is the same question. */
  ask(member: Member, id: string, server: string, question: OutboundMessage): void {
    if (this.#owed.has(id)) return;
    this.#owed.add(id, { member, server });
    member.deliver(question);
  }

  /** A client answered. Its own bytes go back where there are any: no value changes on the way. */
  complete(member: Member, completion: CompletionMessage, record: Buffer | undefined): CompletionOutcome {
    const owed = this.#owed.takeAnswered(member, completion);
    if (typeof owed === 'string') return owed;
    const { protocol } = member;
    this.#tell(owed.server, {
      kind: 'answer',
      id: completion.invocationId,
      protocol: protocol.name,
      record: record ?? Buffer.from(protocol.write(completion) as Uint8Array),
    });
    return 'settled';
  }

  /** A server has gone: nobody waits for what it asked. */
  serverLeft(gone: string): void {
    this.#owed.takeEach(({ server }) => server === gone);
  }

  /** A client left: everything that it owes fails. */
  abandon(member: Member): void {
    this.#owed.takeEach(
      ({ member: owing }) => owing === member,
      ({ server }, id) => this.#tell(server, { kind: 'left', id }),
    );
  }
}
