import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK, type JWTPayload } from 'jose';
import { memoryRequest } from 'signalbox/conformance';
import { onTestFinished } from 'vitest';
import type { ConnectionRequest } from '../../src/transport/connection.ts';

export const SECRET = 'a secret of thirty-two bytes, or more';

/** An issuer with a key pair of its own. */
export interface Issuer {
  readonly alg: string;
  readonly kid: string | undefined;
  readonly privateKey: CryptoKey;
  readonly publicKey: CryptoKey;
  /** The public key, as key sets have it. */
  readonly jwk: JWK;
}

export async function issuer(alg: string, kid?: string): Promise<Issuer> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  const jwk = { ...(await exportJWK(publicKey)), ...(kid !== undefined && { kid }) };
  return { alg, kid, privateKey, publicKey, jwk };
}

export const inSeconds = (seconds: number): number => Math.floor(Date.now() / 1_000) + seconds;

/** A token of the secret's owner, good for an hour unless the claims say otherwise. */
export function secretToken(claims: JWTPayload = {}, secret: string = SECRET, alg = 'HS256'): Promise<string> {
  return new SignJWT({ sub: 'ann', exp: inSeconds(3_600), ...claims }).setProtectedHeader({ alg }).sign(Buffer.from(secret));
}

export function tokenOf({ alg, kid, privateKey }: Issuer, claims: JWTPayload = {}): Promise<string> {
  const header = { alg, ...(kid !== undefined && { kid }) };
  return new SignJWT({ sub: 'ann', exp: inSeconds(3_600), ...claims }).setProtectedHeader(header).sign(privateKey);
}

/** A token put together by hand, for what no library writes. */
export function rawToken(header: unknown, claims: unknown, signature = ''): string {
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part(header)}.${part(claims)}.${signature}`;
}

/** A request as `authenticate` sees it. */
export function request(authorization?: string, query = ''): ConnectionRequest {
  return memoryRequest({ url: `/hub${query}`, headers: authorization === undefined ? {} : { authorization } });
}

/** A server of a key set on loopback. */
export class KeyServer {
  keys: readonly JWK[];
  status = 200;
  /** What is answered instead of the keys. */
  body: string | undefined;
  fetches = 0;
  readonly server: Server;

  constructor(keys: readonly JWK[]) {
    this.keys = keys;
    this.server = createServer((_, response) => {
      this.fetches++;
      response.writeHead(this.status, { 'Content-Type': 'application/json' }).end(this.body ?? JSON.stringify({ keys: this.keys }));
    });
    onTestFinished(() => this.stop());
  }

  async start(): Promise<string> {
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/keys?secret=1`;
  }

  stop(): void {
    this.server.closeAllConnections();
    this.server.close();
  }
}
