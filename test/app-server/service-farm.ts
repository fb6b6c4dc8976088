import { once } from 'node:events';
import { JsonHubProtocol } from 'signalbox/protocol';
import { WebSocket } from 'ws';
import { AppServer } from '../../src/app-server/app-server.ts';
import type { RelayedConnection } from '../../src/app-server/relayed-connection.ts';
import type { Audience } from '../../src/backplane/audience.ts';
import type { Backplane, CompletionOutcome } from '../../src/backplane/backplane.ts';
import type { Member } from '../../src/backplane/member.ts';
import type { Cancellation } from '../../src/base/cancellation.ts';
import { systemClock } from '../../src/base/clock.ts';
import { silent } from '../../src/base/log.ts';
import { SharedPayload } from '../../src/base/payload.ts';
import { TimerWheel } from '../../src/base/timer-wheel.ts';
import type { CompletionMessage } from '../../src/protocol/hub/message.ts';
import type { OutboundMessage } from '../../src/protocol/hub/shared-message.ts';
import type { ServiceRig } from '../service/rig.ts';

const json = new JsonHubProtocol();
const HANDSHAKE = '{"protocol":"json","version":1}\u001e';
const ACCEPTED = Buffer.from('{}\u001e');
const path = '/hub';

/** A member of a case as its app server has it, and the client that stands for it. */
interface Guest {
  readonly inner: Member;
  readonly client: WebSocket;
  readonly gone: Promise<void>;
}

/** The ids that the service gave to the clients of a farm, by the names that the cases call them. */
export type Names = Map<string, string>;

/**
 * An app server in a farm: who is attached becomes a real client of the service that is bound to this server, and hears what that client hears.
 * Names of connections are the service's outside, and the cases' inside.
 */
export class FarmServer implements Backplane {
  readonly #app: AppServer;
  readonly #wheel = new TimerWheel(systemClock);
  readonly #backplane: Backplane;
  readonly #hub: string;
  readonly #names: Names;
  readonly #guests = new Map<Member, Guest>();
  readonly #coming: ((connection: RelayedConnection) => void)[] = [];

  constructor(rig: ServiceRig, names: Names) {
    this.#names = names;
    const options = { initialHubServerConnectionCount: 3, serverStickyMode: 'required' } as const;
    const context = { protocols: [json], wheel: this.#wheel, log: silent, userOf: () => undefined };
    this.#app = new AppServer(rig.connectionString, options, context);
    const { wireName, backplane } = this.#app.add('farm');
    this.#hub = wireName;
    this.#backplane = backplane;
    this.#app.serve(wireName, path, {
      opened: (connection) => this.#coming.shift()?.(connection),
      messageSize: null,
      telemetry: undefined,
      transports: ['webSockets', 'serverSentEvents', 'longPolling'],
      handshakeTimeout: 15_000,
      enableDetailedErrors: false,
      allowStatefulReconnects: false,
    });
  }

  get connected(): Promise<void> {
    return this.#app.connected;
  }

  async attach(member: Member): Promise<void> {
    const redirection = await this.#app.redirect(this.#hub, path, { claims: {}, userId: member.userId, closesAt: undefined, query: '' });
    if (!('url' in redirection)) throw new Error(redirection.text);
    const come = new Promise<RelayedConnection>((resolve) => this.#coming.push(resolve));
    const client = new WebSocket(redirection.url.replace('http', 'ws'), {
      headers: { Authorization: `Bearer ${redirection.accessToken}` },
      perMessageDeflate: false,
    });
    await once(client, 'open');
    client.send(HANDSHAKE);
    const connection = await come;
    const inner: Member = {
      connectionId: connection.id,
      userId: member.userId,
      protocol: json,
      deliver: (message) => void connection.write(message.payload(json) as SharedPayload),
      asked: () => member.asked(),
      answered: () => member.answered(),
    };
    const accepted = once(client, 'message');
    const gone = new Promise<void>((resolve) => {
      connection.receive({
        received: () => {},
        drained: () => {},
        closed: () => {
          void this.#backplane.detach(inner);
          resolve();
        },
      });
    });
    connection.write(ACCEPTED);
    await accepted;
    client.on('message', (bytes: Buffer) => member.deliver({ payload: () => new SharedPayload(bytes) }));
    this.#names.set(member.connectionId, connection.id);
    this.#guests.set(member, { inner, client, gone });
    await this.#backplane.attach(inner);
  }

  async detach(member: Member): Promise<void> {
    const guest = this.#guests.get(member);
    guest?.client.close();
    await guest?.gone;
  }

  async send(audience: Audience, message: OutboundMessage): Promise<void> {
    await this.#backplane.send(this.#renamed(audience), message);
  }

  join(connectionId: string, group: string): void | Promise<void> {
    return this.#backplane.join(this.#name(connectionId), group);
  }

  leave(connectionId: string, group: string): void | Promise<void> {
    return this.#backplane.leave(this.#name(connectionId), group);
  }

  invoke(connectionId: string, target: string, args: readonly unknown[], cancellation?: Cancellation): Promise<CompletionMessage> {
    return this.#backplane.invoke(this.#name(connectionId), target, args, cancellation);
  }

  complete(member: Member, completion: CompletionMessage): CompletionOutcome {
    return this.#backplane.complete(this.#guests.get(member)?.inner ?? member, completion);
  }

  close(): void | Promise<void> {
    return this.#backplane.close();
  }

  async end(): Promise<void> {
    for (const { client } of this.#guests.values()) client.terminate();
    await this.#backplane.close();
    await this.#app.close();
    this.#wheel.close();
  }

  #name(connectionId: string): string {
    return this.#names.get(connectionId) ?? connectionId;
  }

  #renamed(audience: Audience): Audience {
    const names = (ids: readonly string[]): readonly string[] => ids.map((id) => this.#name(id));
    if (audience.to === 'connections') return { ...audience, ids: names(audience.ids) };
    return audience.to !== 'users' && audience.except !== undefined ? { ...audience, except: names(audience.except) } : audience;
  }
}
