import type { CompletionOutcome } from '../backplane/backplane.ts';
import type { Member } from '../backplane/member.ts';
import type { CompletionMessage } from '../protocol/hub/message.ts';
import type { OutboundMessage } from '../protocol/hub/shared-message.ts';
import type { BusMessage } from './envelope.ts';

interface Owed {
  readonly member: Member;
  /** Who asked. */
  readonly server: string;
}

/** Client results that clients of this server owe to other servers. */
export class OwedAnswers {
  readonly #tell: (server: string, message: BusMessage) => void;
  readonly #owed = new Map<string, Owed>();

  constructor(tell: (server: string, message: BusMessage) => void) {
    this.#tell = tell;
  }

  /** Puts a question of another server to a client. One that comes a second time is the same question. */
  ask(member: Member, id: string, server: string, question: OutboundMessage): void {
    if (this.#owed.has(id)) return;
    this.#owed.set(id, { member, server });
    member.asked();
    member.deliver(question);
  }

  /** A client answered. Its own bytes go back where there are any: no value changes on the way. */
  complete(member: Member, completion: CompletionMessage, record: Buffer | undefined): CompletionOutcome {
    const id = completion.invocationId;
    const owed = this.#owed.get(id);
    if (owed === undefined) return 'unknown';
    if (owed.member !== member) return 'foreign';
    this.#owed.delete(id);
    member.answered();
    const { protocol } = member;
    this.#tell(owed.server, {
      kind: 'answer',
      id,
      protocol: protocol.name,
      record: record ?? Buffer.from(protocol.write(completion) as Uint8Array),
    });
    return 'settled';
  }

  /** A server has gone: nobody waits for what it asked. */
  serverLeft(gone: string): void {
    for (const [id, { member, server }] of this.#owed) {
      if (server !== gone) continue;
      this.#owed.delete(id);
      member.answered();
    }
  }

  /** A client left: everything that it owes fails. */
  abandon(member: Member): void {
    for (const [id, { member: owing, server }] of this.#owed) {
      if (owing !== member) continue;
      this.#owed.delete(id);
      member.answered();
      this.#tell(server, { kind: 'left', id });
    }
  }
}
