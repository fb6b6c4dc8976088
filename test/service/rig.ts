import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SignJWT, type JWTPayload } from 'jose';
import type { Log } from '../../src/base/log.ts';
import type { FakeClock } from '../../src/conformance/fake-clock.ts';
import { Service, type ServiceOptions } from '../../src/service/service.ts';
import { eventually } from '../eventually.ts';

/** The emulator's key, as it is documented. */
export const ACCESS_KEY = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789ABCDEFGH';

/** A service on a free port, and what it logged. */
export class ServiceRig {
  readonly service: Service;
  readonly logged: { readonly id: string; readonly fields: Readonly<Record<string, unknown>> }[] = [];
  readonly #server: Server;

  private constructor(options: Partial<ServiceOptions>) {
    const log: Log = (event, fields) => void this.logged.push({ id: event.id, fields });
    this.service = new Service({ accessKeys: [ACCESS_KEY], log, ...options });
    this.#server = createServer();
    this.service.attach(this.#server);
  }

  static async start(options: Partial<ServiceOptions> = {}): Promise<ServiceRig> {
    const rig = new ServiceRig(options);
    rig.#server.listen(0, '127.0.0.1');
    await once(rig.#server, 'listening');
    return rig;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** As an app server is given it. */
  get connectionString(): string {
    return `Endpoint=${this.url};AccessKey=${ACCESS_KEY};Version=1.0;`;
  }

  async close(): Promise<void> {
    await this.service.close({ timeout: 2_000 });
    this.#server.close();
    this.#server.closeAllConnections();
  }

  /** The same, where time passes only when it is told to. */
  async closeAt(clock: FakeClock): Promise<void> {
    const closed = this.close();
    await eventually(() => {
      clock.advance(3_000);
      if (clock.tasks > 0) throw new Error('Somebody still waits for time to pass.');
    });
    await closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/** What a token is about, besides its claims. */
export interface TokenTraits {
  readonly key?: string;
  readonly audience?: string;
  /** Seconds from now. */
  readonly expires?: number;
  readonly algorithm?: string;
}

/** A token as app servers make them: the audience has no port. */
export function tokenFor(door: 'client' | 'server', hub: string, claims: JWTPayload = {}, traits: TokenTraits = {}): Promise<string> {
  const { key = ACCESS_KEY, audience = `http://127.0.0.1/${door}/?hub=${hub}`, expires = 3_600, algorithm = 'HS256' } = traits;
  const now = Math.floor(Date.now() / 1_000);
  return new SignJWT(claims)
    .setProtectedHeader({ alg: algorithm, typ: 'JWT', kid: '-683764486' })
    .setIssuer('azure-signalr')
    .setAudience(audience)
    .setIssuedAt(now)
    .setNotBefore(now + Math.min(0, expires))
    .setExpirationTime(now + expires)
    .sign(Buffer.from(key));
}
