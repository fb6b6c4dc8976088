import type { CallerClients, HubClients } from 'signalbox';
import { audiencesOf, type Audience, type Target } from './audiences.ts';
import { now } from './clock.ts';
import type { GuestClient } from './hub.ts';
import type { FromServer, Outcome } from './messages.ts';

/** Milliseconds for which outcomes are gathered before they are told. */
const GATHERED = 20;

/** Numbers messages to every audience of a server, sends them at a rate, and tells what became of each. */
export class Publisher {
  ids: Readonly<Record<string, string>> = {};
  readonly #name: string;
  readonly #audiences: readonly Audience[];
  readonly #clients: HubClients<GuestClient>;
  readonly #callers: ReadonlyMap<string, CallerClients<GuestClient>>;
  readonly #tell: (message: FromServer) => void;
  #outcomes: Outcome[] = [];
  #timer: NodeJS.Timeout | undefined;
  #number = 0;
  #weight = '';

  constructor(
    { server, life }: { readonly server: number; readonly life: number },
    clients: HubClients<GuestClient>,
    callers: ReadonlyMap<string, CallerClients<GuestClient>>,
    tell: (message: FromServer) => void,
  ) {
    this.#name = `s${server}.${life}`;
    this.#audiences = audiencesOf(server);
    this.#clients = clients;
    this.#callers = callers;
    this.#tell = tell;
  }

  /** @param rate - messages a second to each audience; 0 ends it */
  load(rate: number, weight: number): void {
    clearInterval(this.#timer);
    this.#weight = '.'.repeat(weight);
    this.#timer = rate > 0 ? setInterval(() => this.#sendAll(), 1_000 / rate) : undefined;
  }

  /** Tells what has become known. */
  flush(): void {
    if (this.#outcomes.length > 0) this.#tell({ kind: 'outcomes', outcomes: this.#outcomes });
    this.#outcomes = [];
  }

  #sendAll(): void {
    const number = ++this.#number;
    const absent = this.#audiences.flatMap(({ target }, index) => (this.#canSend(target) ? [] : [index]));
    // Told first: what is sent by a process that dies of it must be known.
    this.#tell({ kind: 'sending', number, from: now(), without: absent });
    for (const [index, { target }] of this.#audiences.entries()) {
      if (!absent.includes(index)) void this.#send(target, index, number);
    }
  }

  #canSend(target: Target): boolean {
    return (target.to !== 'others' && target.to !== 'othersInGroup') || this.#callers.has(target.client);
  }

  async #send(target: Target, index: number, number: number): Promise<void> {
    let code: string | undefined;
    try {
      if (target.to === 'result') {
        const answer = await this.#clients.client(this.#id(target.client)).invoke.ask(this.#name, index, number);
        if (answer !== number) code = 'another answer';
      } else {
        await this.#target(target).message(this.#name, index, number, this.#weight);
      }
    } catch (error) {
      const known = error as { readonly code?: string; readonly message?: string };
      code = known.code ?? known.message ?? String(error);
    }
    if (this.#outcomes.length === 0) setTimeout(() => this.flush(), GATHERED);
    this.#outcomes.push(code === undefined ? [index, number, now()] : [index, number, now(), code]);
  }

  #target(target: Exclude<Target, { readonly to: 'result' }>): { message: (...args: Parameters<GuestClient['message']>) => Promise<void> } {
    const clients = this.#clients;
    switch (target.to) {
      case 'all':
        return clients.all;
      case 'group':
        return clients.group(target.name);
      case 'groups':
        return clients.groups(target.names);
      case 'user':
        return clients.user(target.name);
      case 'users':
        return clients.users(target.names);
      case 'client':
        return clients.client(this.#id(target.client));
      case 'clients':
        return clients.clients(target.clients.map((name) => this.#id(name)));
      case 'allExcept':
        return clients.allExcept(target.clients.map((name) => this.#id(name)));
      case 'groupExcept':
        return clients.groupExcept(
          target.name,
          target.clients.map((name) => this.#id(name)),
        );
      case 'others':
        return this.#caller(target.client).others;
      case 'othersInGroup':
        break;
    }
    return this.#caller(target.client).othersInGroup(target.name);
  }

  #caller(name: string): CallerClients<GuestClient> {
    const caller = this.#callers.get(name);
    if (caller === undefined) throw new Error(`${name} is not here`);
    return caller;
  }

  #id(name: string): string {
    return this.ids[name] ?? 'nobody';
  }
}
