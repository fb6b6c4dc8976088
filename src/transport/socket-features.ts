import type { X509Certificate } from 'node:crypto';
import { TLSSocket } from 'node:tls';
import { feature, type Feature } from './features.ts';

/** An address of a socket, and its port. */
export interface SocketAddress {
  readonly address: string;
  readonly port: number;
}

/** The address that the client's request came in at: which network of the machine, and which of a host's servers. */
export const localAddress: Feature<SocketAddress | undefined> = feature(({ socket: { localAddress: address, localPort: port } }) =>
  address === undefined || port === undefined ? undefined : { address, port },
);

/**
 * The certificate that the client showed, signed by an authority that the server trusts. Undefined without TLS, where the server
 * does not ask for one (`requestCert`), where it was not shown one, and where it lets one pass that it does not trust
 * (`rejectUnauthorized: false`).
 */
export const clientCertificate: Feature<X509Certificate | undefined> = feature(({ socket }) =>
  socket instanceof TLSSocket && socket.authorized ? socket.getPeerX509Certificate() : undefined,
);
