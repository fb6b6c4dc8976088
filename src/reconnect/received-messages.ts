import { HubProtocolError } from '../protocol/hub/hub-protocol.ts';

/** Counts the numbered messages of one client, and tells those that it repeats. Numbers begin at 1. */
export class ReceivedMessages {
  #next = 1;
  #latest = 0;

  /** The highest number there was; 0 for none. */
  get latest(): number {
    return this.#latest;
  }

  /** Counts a message. False for one that was there before. */
  take(): boolean {
    const id = this.#next++;
    if (id <= this.#latest) return false;
    this.#latest = id;
    return true;
  }

  /**
   * The client numbers its next message so.
   *
   * @throws HubProtocolError for a number that leaves messages out, or can't be one
   */
  restart(id: number): void {
    if (id > this.#latest + 1) {
      throw new HubProtocolError("Sequence ID greater than amount of messages we've received.", 'InvalidOperationException');
    }
    if (id < 1) throw new HubProtocolError(`Sequence ID ${id} is below 1, the ID of the first message.`);
    this.#next = id;
  }
}
