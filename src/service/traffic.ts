/** What went between clients and the service since it began. */
export class Traffic {
  messagesIn = 0;
  messagesOut = 0;
  bytesIn = 0;
  bytesOut = 0;

  came(messages: number, bytes: number): void {
    this.messagesIn += messages;
    this.bytesIn += bytes;
  }

  went(bytes: number): void {
    this.messagesOut++;
    this.bytesOut += bytes;
  }
}
