import { TransferFormat, type HubMessage, type IHubProtocol } from '@microsoft/signalr';

/** The other end, for the official JavaScript client: `builder.withHubProtocol(new LengthPrefixedJsonProtocol())`. */
export class LengthPrefixedJsonProtocol implements IHubProtocol {
  readonly name = 'length-prefixed-json';
  readonly version = 2;
  readonly transferFormat = TransferFormat.Binary;

  // One WebSocket message, or the answer to one poll: whole messages, as many as there were.
  parseMessages(input: string | ArrayBuffer): HubMessage[] {
    const bytes = new Uint8Array(input as ArrayBuffer);
    const messages: HubMessage[] = [];
    for (let position = 0; position < bytes.length;) {
      let length = 0;
      for (let shift = 0, more = true; more; shift += 7) {
        const byte = bytes[position++] ?? 0;
        length += (byte & 0x7f) << shift;
        more = byte >= 0x80;
      }
      messages.push(JSON.parse(new TextDecoder().decode(bytes.subarray(position, position + length))) as HubMessage);
      position += length;
    }
    return messages;
  }

  writeMessage(message: HubMessage): ArrayBuffer {
    const json = new TextEncoder().encode(JSON.stringify(message));
    const prefix: number[] = [];
    let rest = json.length;
    for (; rest > 0x7f; rest >>>= 7) prefix.push((rest & 0x7f) | 0x80);
    const record = new Uint8Array(prefix.length + 1 + json.length);
    record.set([...prefix, rest]);
    record.set(json, prefix.length + 1);
    return record.buffer;
  }
}
