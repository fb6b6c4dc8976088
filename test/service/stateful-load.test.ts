import { HubConnectionBuilder, JsonHubProtocol, LogLevel, type HubConnection, type IHubProtocol } from '@microsoft/signalr';
import { MessagePackHubProtocol } from '@microsoft/signalr-protocol-msgpack';
import { expect, onTestFinished, test } from 'vitest';
import type { HubProtocol } from '../../src/protocol/hub/hub-protocol.ts';
import * as json from '../../src/protocol/hub/json.ts';
import * as messagePack from '../../src/protocol/hub/messagepack.ts';
import { CuttableLink } from '../interop/cuttable-link.ts';
import { Random } from '../interop/random.ts';
import { AnsweringServer } from './answering-server.ts';
import { ScriptedServer } from './app-server.ts';
import { ServiceRig, tokenFor } from './rig.ts';

const CUTS = 12;
/** Calls of the client at a time. */
const PARALLEL = 20;

async function connect(link: CuttableLink, protocol: IHubProtocol): Promise<HubConnection> {
  const token = await tokenFor('client', 'chat');
  const connection = new HubConnectionBuilder()
    .withUrl(`${link.url}/client/?hub=chat`, { accessTokenFactory: () => token })
    .withHubProtocol(protocol)
    .withStatefulReconnect()
    .configureLogging(LogLevel.None)
    .build();
  onTestFinished(() => connection.stop());
  await connection.start();
  return connection;
}

/** Cuts somewhere in the bytes that pass, again as soon as the client is back. */
async function cutAgainAndAgain(link: CuttableLink, random: Random, client: HubConnection): Promise<void> {
  for (let cuts = 0; cuts < CUTS; cuts++) {
    await link.cutAfter(random.between(1, 8_000));
    await client.invoke('echo', 'back');
  }
}

test.each<[string, IHubProtocol, HubProtocol]>([
  ['JSON', new JsonHubProtocol(), new json.JsonHubProtocol()],
  ['MessagePack', new MessagePackHubProtocol(), new messagePack.MessagePackHubProtocol()],
])(
  'the official client over %s loses nothing and hears nothing twice, wherever its wire is cut',
  { timeout: 60_000 },
  async (_, clientProtocol, protocol) => {
    const random = new Random();
    const seed = `SEED=${random.seed}`;
    await using rig = await ServiceRig.start();
    const server = new AnsweringServer(await ScriptedServer.connect(rig, { statefulReconnect: true }), protocol);
    const link = await CuttableLink.open(rig.url);
    onTestFinished(() => link.close());
    const client = await connect(link, clientProtocol);
    const heard: unknown[] = [];
    client.on('told', (value: unknown) => void heard.push(value));
    const closed = new Promise<Error | undefined>((resolve) => client.onclose(resolve));

    const progress = { cut: false };
    const said: string[] = [];
    const work = async (): Promise<void> => {
      while (!progress.cut) {
        const text = `${said.length} ${'x'.repeat(random.between(0, 400))}`;
        said.push(text);
        await client.send('tell', text);
        expect(await client.invoke('echo', text), seed).toBe(text);
      }
    };
    const cutting = cutAgainAndAgain(link, random, client).finally(() => (progress.cut = true));
    const working = Promise.all([cutting, ...Array.from({ length: PARALLEL }, work)]);
    await Promise.race([working, closed.then((error) => Promise.reject(error ?? new Error('The client was closed.')))]);
    await client.invoke('echo', 'the last');

    expect(server.told, seed).toEqual(said);
    expect(heard, seed).toEqual(said);
    // A cut may meet a socket that has not taken over yet.
    expect(server.resumed, seed).toBeGreaterThan(CUTS / 2);
  },
);
