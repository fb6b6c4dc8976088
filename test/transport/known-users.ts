import type { OutgoingHttpHeaders } from 'node:http';
import type { FakeClock } from '../../src/conformance/fake-clock.ts';
import type { ConnectionRequest } from '../../src/transport/connection.ts';
import type { UserTraits } from '../../src/transport/options.ts';
import { Onlooker } from './application.ts';
import { serve, type Served, type Setup } from './serve.ts';

export interface User {
  readonly id?: string;
  readonly exp?: number;
  readonly role?: string;
}

/** The user is what the header says, in JSON. */
export const authenticate = ({ headers }: ConnectionRequest): User | undefined =>
  JSON.parse(headers.get('x-user') ?? 'null') as User | undefined;

export const users: UserTraits = {
  idOf: (user) => (user as User).id,
  expiryOf: (user) => (user as User).exp,
};

/** The headers of a user's request. */
export const as = (user: User | undefined): OutgoingHttpHeaders & Record<string, string> =>
  user === undefined ? {} : { 'X-User': JSON.stringify(user) };

export const ann: User = { id: 'ann' };

export interface ServedUsers extends Served {
  readonly onlooker: Onlooker;
}

/** An endpoint that knows its users, with an application that only looks on. */
export async function serveUsers(options: Setup['options'] = {}, clock?: FakeClock): Promise<ServedUsers> {
  const onlooker = new Onlooker();
  const setup = { opened: onlooker.opened, options: { authenticate, users, ...options } };
  return { ...(await serve(clock === undefined ? setup : { ...setup, clock })), onlooker };
}
