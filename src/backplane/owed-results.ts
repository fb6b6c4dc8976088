import type { CompletionMessage } from '../protocol/hub/message.ts';
import type { Member } from './member.ts';

/** A client result that was asked of a member. */
export interface OwedResult {
  readonly member: Member;
}

/**
 * The client results that members of this server owe, by invocation id, whoever asked. A member is told of each that it owes, and of each that it owes no
 * longer; and it settles only its own.
 */
export class OwedResults<T extends OwedResult> {
  readonly #owed = new Map<string, T>();

  has(id: string): boolean {
    return this.#owed.has(id);
  }

  add(id: string, owed: T): void {
    this.#owed.set(id, owed);
    owed.member.asked();
  }

  /** Takes what is not waited for any longer. */
  take(id: string): T | undefined {
    const owed = this.#owed.get(id);
    if (owed === undefined) return undefined;
    this.#owed.delete(id);
    owed.member.answered();
    return owed;
  }

  /** Takes what `member` has answered. `unknown`: nobody owes it; `foreign`: somebody else does. */
  takeAnswered(member: Member, { invocationId }: CompletionMessage): T | 'unknown' | 'foreign' {
    const owed = this.#owed.get(invocationId);
    if (owed === undefined) return 'unknown';
    if (owed.member !== member) return 'foreign';
    this.take(invocationId);
    return owed;
  }

  /** Takes each that is `gone`, one after the other. */
  takeEach(gone: (owed: T) => boolean, taken?: (owed: T, id: string) => void): void {
    for (const [id, owed] of this.#owed) {
      if (!gone(owed)) continue;
      this.take(id);
      taken?.(owed, id);
    }
  }
}
