import type { RawConnection } from 'signalbox';

/** A connection without a hub protocol: what comes in goes out, until the input ends. */
export async function echo(connection: RawConnection<unknown>): Promise<void> {
  for await (const chunk of connection.frames()) connection.write(chunk);
}
