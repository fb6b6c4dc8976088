import { createSecretKey, randomInt, type KeyObject } from 'node:crypto';
import { SignJWT, type JWTPayload } from 'jose';
import type { ServiceEndpoint } from './connection-string.ts';

/** The longest access token that is handed to a client: proxies and browsers take no address much longer than this. */
export const MAX_TOKEN_LENGTH = 4_096;

export type AccessTokenAlgorithm = 'HS256' | 'HS512';

/** How tokens are signed. */
export interface SigningSettings {
  /** Milliseconds that a token is good for. */
  readonly lifetime: number;
  readonly algorithm: AccessTokenAlgorithm;
}

const ISSUER = 'azure-signalr';
/** Signs what an app server shows the service, and what clients show it. */
export class AccessTokens {
  readonly #endpoint: ServiceEndpoint;
  readonly #key: KeyObject;
  readonly #settings: SigningSettings;
  /** It tells nothing: services try each of their keys, because that of .NET differs from process to process. */
  readonly #keyId = String(randomInt(2 ** 31));

  constructor(endpoint: ServiceEndpoint, settings: SigningSettings) {
    this.#endpoint = endpoint;
    this.#key = createSecretKey(Buffer.from(endpoint.accessKey));
    this.#settings = settings;
  }

  /** The token of a server connection. */
  forServer(hub: string, serverId: string): Promise<string> {
    return this.#sign(`server/?hub=${hub}`, { nameid: serverId });
  }

  /** The token of a client. It may be longer than `MAX_TOKEN_LENGTH`: then the client is to be refused. */
  forClient(hub: string, claims: JWTPayload): Promise<string> {
    return this.#sign(`client/?hub=${hub}`, claims);
  }

  #sign(resource: string, claims: JWTPayload): Promise<string> {
    const { algorithm, lifetime } = this.#settings;
    const now = Math.floor(Date.now() / 1_000);
    return new SignJWT({
      ...claims,
      nbf: now,
      exp: now + Math.ceil(lifetime / 1_000),
      iat: now,
      iss: ISSUER,
      aud: this.#endpoint.audience + resource,
    })
      .setProtectedHeader({ alg: algorithm, typ: 'JWT', kid: this.#keyId })
      .sign(this.#key);
  }
}
