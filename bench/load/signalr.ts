/** The types of SignalR's hub protocol that a benchmark meets, in every encoding. */
export const HUB_MESSAGE = { invocation: 1, streamItem: 2, completion: 3, streamInvocation: 4, ping: 6, close: 7, ack: 8 } as const;

/** The stream of an upload. Its uploads follow each other, so that one id serves them all. */
export const UPLOAD_STREAM = 'upload';

/** @param version - 2 where what comes is to be acknowledged */
export function handshake(protocol: string, version: 1 | 2 = 1): Buffer {
  return Buffer.from(`${JSON.stringify({ protocol, version })}\x1e`);
}

/** The answer to the handshake, which is JSON in every encoding. */
export function handshakeError(record: Buffer): string | undefined {
  const { error } = JSON.parse(record.toString()) as { readonly error?: string };
  return error;
}
