import { expect } from 'vitest';
import { FakeClock } from '../../src/conformance/fake-clock.ts';
import type { ServiceOptions } from '../../src/service/service.ts';
import { eventually } from '../eventually.ts';
import { ScriptedServer } from './app-server.ts';
import { RawClient, type RawClientTraits } from './raw-client.ts';
import { ServiceRig } from './rig.ts';

/** What an app server says whose clients may be moved. */
export const migrates = { migrationLevel: 1 };
/** A call as the JavaScript client writes it: its type comes last. */
export const call = (invocationId: string, target = 'echo', more: object = {}): object => ({
  arguments: ['}"'],
  invocationId,
  target,
  type: 1,
  ...more,
});
export const done = (invocationId: string): object => ({ type: 3, invocationId, result: invocationId });
export const record = (message: object): string => `${JSON.stringify(message)}\u001e`;

/** An app server that is going to leave, and what is looked at when it does. */
export class MigrationScene {
  readonly clock: FakeClock;
  readonly rig: ServiceRig;
  readonly old: ScriptedServer;

  private constructor(clock: FakeClock, rig: ServiceRig, old: ScriptedServer) {
    this.clock = clock;
    this.rig = rig;
    this.old = old;
  }

  static async start(options: Partial<ServiceOptions> = {}): Promise<MigrationScene> {
    const clock = new FakeClock();
    const rig = await ServiceRig.start({ clock, maximumMigrationBytes: 65_536, ...options });
    return new MigrationScene(clock, rig, await ScriptedServer.connect(rig, { serverId: 'old', ...migrates }));
  }

  /** A client of the app server that is going to leave, and the app server that it can move to. */
  async client(traits: RawClientTraits = {}): Promise<{ client: RawClient; id: string; next: ScriptedServer }> {
    const client = await RawClient.connect(this.rig, traits);
    const { connectionId: id } = await this.old.accept();
    await eventually(() => expect(client.received.length).toBeGreaterThan(0));
    return { client, id, next: await this.server('next') };
  }

  server(serverId: string): Promise<ScriptedServer> {
    return ScriptedServer.connect(this.rig, { serverId, ...migrates });
  }

  async leave(mode = 1): Promise<void> {
    this.old.send({ type: 'ping', entries: ['shutdown', `fin:${mode}`] });
    await this.old.next('ping', ({ entries }) => entries[1] === 'finack');
  }

  /** Nobody has been moved to an app server. */
  async stays(next: ScriptedServer): Promise<void> {
    await this.old.settle();
    await next.settle();
    expect(next.received.filter(({ type }) => type === 'openConnection')).toEqual([]);
  }
}

/** All that an app server has got of a client and a test has not looked at. */
export const dataOf = (server: ScriptedServer, id: string): string =>
  server.received
    .flatMap((message) => (message.type === 'connectionData' && message.connectionId === id ? [message.payload.toString()] : []))
    .join('');

/** Waits until that holds a text, and returns it. */
export const hears = (server: ScriptedServer, id: string, text: string): Promise<string> =>
  eventually(() => {
    const data = dataOf(server, id);
    expect(data).toContain(text);
    return data;
  });

/** Waits until a client is opened at an app server, once. */
export async function moved(next: ScriptedServer, id: string): Promise<void> {
  const opened = await next.next('openConnection', ({ connectionId }) => connectionId === id);
  expect(opened.headers.get('Asrs-Migrate-From')).toEqual(['old']);
  expect(next.received.map(({ type }) => type)).not.toContain('openConnection');
}
