/** The types of SignalR's hub protocol that a benchmark meets, in every encoding. */
export const HUB_MESSAGE = { invocation: 1, streamItem: 2, completion: 3, streamInvocation: 4, ping: 6, close: 7 } as const;

/** The stream of an upload. Its uploads follow each other, so that one id serves them all. */
export const UPLOAD_STREAM = 'upload';

export function handshake(protocol: string): Buffer {
  return Buffer.from(`${JSON.stringify({ protocol, version: 1 })}\x1e`);
}

/** The answer to the handshake, which is JSON in every encoding. */
export function handshakeError(record: Buffer): string | undefined {
  const { error } = JSON.parse(record.toString()) as { readonly error?: string };
  return error;
}
