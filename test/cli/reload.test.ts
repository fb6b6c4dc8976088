import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { HttpTransportType, HubConnectionBuilder, type HubConnection } from '@microsoft/signalr';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ScriptedServer } from '../service/app-server.ts';
import { RawClient } from '../service/raw-client.ts';
import { tokenFor } from '../service/rig.ts';
import { ServedProcesses, type Served } from './served.ts';

const FIRST = 'first-key-'.padEnd(44, 'f');
const SECOND = 'second-key-'.padEnd(44, 's');

/** A client and an app server that must not notice anything. */
interface Pair {
  readonly server: ScriptedServer;
  readonly client: HubConnection;
  /** What ended it. */
  readonly closings: unknown[];
  /** Sends something from one to the other, both ways. */
  readonly talk: () => Promise<void>;
}

async function connectPair({ port }: Served, key: string): Promise<Pair> {
  const token = await tokenFor('server', 'chat', { nameid: `server-of-${key}` }, { key });
  const server = await ScriptedServer.connect({ serverPort: port }, { serverId: `server-of-${key}` }, token);
  const client = new HubConnectionBuilder()
    .withUrl(`http://127.0.0.1:${port}/client/?hub=chat`, {
      accessTokenFactory: () => tokenFor('client', 'chat', { 'asrs.s.sn': server.serverId, 'asrs.s.ssticky': 'Required' }, { key }),
      transport: HttpTransportType.WebSockets,
    })
    .configureLogging('none')
    .build();
  const closings: unknown[] = [];
  client.onclose((error) => closings.push(error));
  const started = client.start();
  const { connectionId } = await server.accept();
  await started;
  onTestFinished(() => client.stop());
  return {
    server,
    client,
    closings,
    async talk() {
      const heard = new Promise((resolve) => client.on('hear', resolve));
      server.tell(connectionId, { type: 1, target: 'hear', arguments: ['me'] });
      expect(await heard).toBe('me');
      client.off('hear');
      await client.send('say');
      await server.next('connectionData', ({ payload }) => payload.toString().includes('"say"'));
      expect([closings, server.closed]).toEqual([[], undefined]);
    },
  };
}

describe('signalbox serve at SIGHUP', () => {
  const processes = ServedProcesses.forSuite();
  const inFolder = (name: string): string => join(processes.folder, name);
  const configure = (settings: object): Promise<void> => writeFile(inFolder('signalbox.json'), JSON.stringify(settings));

  async function reload({ process }: Served, times = 1): Promise<string> {
    process.signal('SIGHUP');
    return process.says('serve.reloaded', times);
  }

  it('moves from one access key to another, and loses no connection', async () => {
    const keys = (...lines: string[]): Promise<void> => writeFile(inFolder('keys'), `${lines.join('\n')}\n`);
    await keys(FIRST);
    const service = await processes.serve(['--access-key-file', 'keys']);
    const old = await connectPair(service, FIRST);
    const comes = async (key: string): Promise<void> =>
      (await RawClient.dial({ clientPort: service.port }, { token: await tokenFor('client', 'chat', {}, { key }) })).close();
    await expect(comes(SECOND)).rejects.toThrow('401');

    await keys(FIRST, SECOND);
    await reload(service);
    await service.process.says('There are 2 now.');
    const moved = await connectPair(service, SECOND);
    for (const pair of [old, moved]) await pair.talk();

    await keys(SECOND, FIRST);
    await reload(service, 2);
    for (const pair of [old, moved]) await pair.talk();

    await keys(SECOND);
    await reload(service, 3);
    const said = await service.process.says('There are 1 now.');
    await expect(comes(FIRST)).rejects.toThrow('401');
    await comes(SECOND);
    for (const pair of [old, moved]) await pair.talk();
    expect(said).not.toMatch(/first-key|second-key-s/);
  });

  it('applies what can be changed, and names what takes a restart', async () => {
    await configure({ port: 0, service: { maximumHandshakeSize: 4_096 } });
    const service = await processes.serve(['--config', 'signalbox.json'], { SIGNALBOX_ACCESS_KEY: FIRST });
    const url = `http://127.0.0.1:${service.port}/`;
    const { server, talk } = await connectPair(service, FIRST);
    expect((await fetch(url)).status).toBe(200);

    await configure({
      statusPage: 'nobody',
      logLevel: 'debug',
      host: '127.0.0.9',
      service: { maximumHandshakeSize: 8, nodes: { joinTime: 9 } },
      clients: { transports: ['webSockets'] },
    });
    const said = await reload(service);
    expect(said).toContain('What is different now: logLevel, statusPage, service.maximumHandshakeSize, clients.transports.');
    const restarts = await service.process.says("The setting 'service.nodes.joinTime' was changed, which takes a restart.");
    expect(restarts).toContain("The setting 'host' was changed, which takes a restart.");
    expect(restarts).not.toContain("'port'");
    expect((await fetch(url)).status).toBe(404);
    const late = await RawClient.connect({ clientPort: service.port }, { token: await tokenFor('client', 'chat', {}, { key: FIRST }) });
    await late.ended();
    await service.process.says('debug service.client-refused');
    await talk();
    expect(server.closed).toBeUndefined();

    await configure({ service: { nodes: { joinTime: 9 } } });
    await reload(service, 2);
    expect((await fetch(url)).status).toBe(200);
    expect(await service.process.says("'service.nodes.joinTime' was changed", 2)).not.toMatch(/'host' was changed[^]*'host' was changed/);
  });

  it('leaves everything as it is where something is wrong, and says all of it', async () => {
    await configure({ logLevel: 'info' });
    await writeFile(inFolder('keys'), FIRST);
    const service = await processes.serve(['--config', 'signalbox.json', '--access-key-file', 'keys']);
    const pair = await connectPair(service, FIRST);
    await configure({ statusPage: 'all', service: { maximumHeldBytes: -1 }, logLevel: 'error' });
    await writeFile(inFolder('keys'), 'short');
    service.process.signal('SIGHUP');
    const said = await service.process.says('serve.reload-refused', 3);
    expect(said).toContain("statusPage is 'all' (in signalbox.json, line 1). Allowed: local, everyone, nobody.");
    expect(said).toContain("service.maximumHeldBytes is '-1' (in signalbox.json, line 1)");
    expect(said).toContain('The access key in the file keys has 5 characters');
    expect((await fetch(`http://127.0.0.1:${service.port}/`)).status).toBe(200);
    await pair.talk();
    await connectPair(service, FIRST);
    await rm(inFolder('signalbox.json'));
    service.process.signal('SIGHUP');
    await service.process.says("It can't be read: ENOENT");
    await configure({ logLevel: 'info' });
    await writeFile(inFolder('keys'), FIRST);
    expect(await reload(service)).toContain('What is different now: no setting.');
  });

  it('reads its settings once for each of several signals, one after the other', async () => {
    await configure({});
    const service = await processes.serve(['--config', 'signalbox.json']);
    await configure({ statusPage: 'nobody' });
    service.process.signal('SIGHUP');
    await service.process.says('statusPage');
    for (let n = 0; n < 5; n++) service.process.signal('SIGHUP');
    await reload(service, 2);
    expect((await fetch(`http://127.0.0.1:${service.port}/`)).status).toBe(404);
    expect(await service.process.end()).toMatchObject({ code: 0 });
  });
});
