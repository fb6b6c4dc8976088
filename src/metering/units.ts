/** Bytes of one billed message. */
export const UNIT = 2_048;

/** The billed messages that a hub message of so many bytes is, its framing included. Source: concept of messages and connections of the Azure SignalR Service. */
export function unitsOf(bytes: number): number {
  // Nearly all are small, and a division is dear on the way of every message.
  return bytes <= UNIT ? 1 : Math.ceil(bytes / UNIT);
}
