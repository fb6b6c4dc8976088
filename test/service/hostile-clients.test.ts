import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { FakeClock } from '../../src/conformance/fake-clock.ts';
import { eventually } from '../eventually.ts';
import { calling, ScriptedServer } from './app-server.ts';
import { Bystanders, stickTo } from './bystanders.ts';
import { RawClient } from './raw-client.ts';
import { ServiceRig, tokenFor } from './rig.ts';

let rig: ServiceRig;
let bystanders: Bystanders;
let server: ScriptedServer;

async function start(options: Parameters<typeof ServiceRig.start>[0] = {}): Promise<void> {
  rig = await ServiceRig.start(options);
  bystanders = await Bystanders.of(rig);
  server = await ScriptedServer.connect(rig, { serverId: 'served' });
}
afterEach(() => rig.close());

/** What the hub `chat` has but for the bystanders is gone. */
async function nothingLeft(): Promise<void> {
  const hub = rig.service.hub('chat');
  await eventually(() => expect([hub.clients.size, hub.clients.groups, hub.clients.users, hub.results.size]).toEqual([1, 1, 1, 0]));
}

describe('the handshake of a client', () => {
  const never: readonly (readonly [string, readonly (string | Uint8Array)[], RegExp])[] = [
    ['of 5 KB without an end', ['x'.repeat(5_000)], /maximum message size of 4096B/],
    ['of 5 KB in pieces', Array.from({ length: 50 }, () => 'x'.repeat(100)), /maximum message size of 4096B/],
    ['of 1 MB', [`{"protocol":"json","version":1,"x":"${'x'.repeat(1_000_000)}"}\u001e`], /maximum message size of 4096B/],
    ['that is no JSON', ['hello\u001e'], /error/],
    ['that is an array', ['[]\u001e'], /error/],
    ['without a protocol', ['{"version":1}\u001e'], /error/],
    ['whose protocol is a number', ['{"protocol":7,"version":1}\u001e'], /error/],
    ['of bytes that are no text', [Buffer.from([0xff, 0xfe, 0x1e])], /error/],
    ['that is empty', ['\u001e'], /error/],
  ];

  test.each(never)('%s is refused in words, and no app server hears of it', async (_, pieces, words) => {
    await start();
    const client = await RawClient.dial(rig, { claims: stickTo(server) });
    for (const piece of pieces) client.send(piece);
    expect(await client.ended()).toBe(1000);
    expect(client.text).toMatch(words);
    await server.settle();
    expect(server.received.filter(({ type }) => type !== 'ping')).toEqual([]);
    await bystanders.unharmed();
    await nothingLeft();
  });

  test('that never comes ends after its time, or that of its token', async () => {
    const clock = new FakeClock();
    await start({ clock });
    const patient = await RawClient.dial(rig);
    const partial = await RawClient.dial(rig);
    partial.send('{"protocol":');
    const hurried = await RawClient.dial(rig, { claims: { 'asrs.s.cht': '2' } });
    await bystanders.unharmed();
    clock.advance(2_300);
    await hurried.ended();
    await bystanders.unharmed();
    expect([patient.closed, partial.closed]).toEqual([undefined, undefined]);
    clock.advance(13_000);
    await Promise.all([patient.ended(), partial.ended()]);
    for (const { text } of [patient, partial, hurried]) expect(text).toMatch(/Handshake was canceled/);
    await bystanders.unharmed();
    await nothingLeft();
  });

  test('for a protocol that nobody knows is for the app server to refuse', async () => {
    await start();
    const client = await RawClient.connect(rig, { claims: stickTo(server), protocol: 'Odd' });
    const opened = await server.accept('{"error":"The protocol \'Odd\' is not supported."}\u001e');
    expect(opened.extension).toEqual({ protocol: 'Odd' });
    server.send({ type: 'closeConnection', connectionId: opened.connectionId, error: '' });
    expect(await client.ended()).toBe(1000);
    expect(client.messages).toEqual([{ error: "The protocol 'Odd' is not supported." }]);
    await nothingLeft();
  });

  test('may come a byte at a time, and with messages behind it', async () => {
    await start();
    const client = await RawClient.dial(rig, { claims: stickTo(server) });
    const handshake = '{"protocol":"json","version":1}\u001e';
    for (const character of `${handshake}{"type":6}\u001e{"ty`) client.send(character);
    const { connectionId } = await server.next('openConnection');
    const heard = async (): Promise<string> => {
      const parts = server.received.flatMap((message) => (message.type === 'connectionData' ? [message] : []));
      return parts.map(({ payload }) => payload.toString()).join('');
    };
    await eventually(async () => expect(await heard()).toBe(`${handshake}{"type":6}\u001e{"ty`));
    const parts = server.received.flatMap((message) => (message.type === 'connectionData' ? [message] : []));
    const whole = parts.filter(({ extension }) => extension.isPartial !== true).map(({ payload }) => payload.toString());
    expect(whole).toEqual([handshake, '\u001e']);
    expect(parts.every((part) => part.connectionId === connectionId)).toBe(true);
  });
});

describe('a client that is let in', () => {
  const admit = async (): Promise<{ client: RawClient; connectionId: string }> => {
    const client = await RawClient.connect(rig, { claims: stickTo(server) });
    const { connectionId } = await server.accept();
    await client.hears(1);
    return { client, connectionId };
  };

  test('and floods is held back while its app server does not read, and loses nothing', async () => {
    await start({ serverBufferSize: 65_536 });
    const { client, connectionId } = await admit();
    server.stopReading();
    const messages = 20_000;
    for (let at = 0; at < messages; at++) client.say(calling('flood', at, 'x'.repeat(400)));
    await bystanders.unharmed();
    server.readOn();
    let text = '';
    const each = (): number => text.split('\u001e').length - 1;
    await eventually(() => {
      for (const message of server.received.splice(0)) if (message.type === 'connectionData') text += message.payload.toString();
      expect(each()).toBe(messages);
    });
    const order = text
      .split('\u001e')
      .slice(0, -1)
      .map((record) => (JSON.parse(record) as { arguments: unknown[] }).arguments[0]);
    expect(order).toEqual(Array.from({ length: messages }, (_, at) => at));
    client.close();
    expect(await server.next('closeConnection')).toMatchObject({ connectionId });
    await nothingLeft();
  });

  test('and leaves while its app server does not read has its last words delivered before its leave', async () => {
    await start({ serverBufferSize: 4_096 });
    const [filler, last] = [await admit(), await admit()];
    server.stopReading();
    for (let at = 0; at < 200; at++) filler.client.send(`${'x'.repeat(100_000)}\u001e`);
    await eventually(() => expect(rig.service.hub('chat').links.anyOf('served')?.full).toBe(true));
    last.client.say(calling('last'));
    last.client.close();
    await last.client.ended();
    await bystanders.unharmed();
    server.readOn();
    expect(await server.heard(last.connectionId)).toBe(`${JSON.stringify(calling('last'))}\u001e`);
    expect(await server.next('closeConnection')).toMatchObject({ connectionId: last.connectionId });
  });

  test('and sends a giant WebSocket message is closed before it is read', async () => {
    await start({ clients: { webSockets: { maximumMessageSize: 100_000 } } });
    const { client, connectionId } = await admit();
    client.send('x'.repeat(100_001));
    expect(await client.ended()).toBe(1009);
    expect(await server.next('closeConnection')).toMatchObject({ connectionId });
    await bystanders.unharmed();
    await nothingLeft();
  });

  test('and sends one message in pieces forever keeps nothing here', async () => {
    await start();
    const { client, connectionId } = await admit();
    for (let at = 0; at < 500; at++) client.send('x'.repeat(10_000));
    let bytes = 0;
    await eventually(() => {
      for (const message of server.received.splice(0)) {
        if (message.type !== 'connectionData') continue;
        expect(message).toMatchObject({ connectionId, extension: { isPartial: true } });
        bytes += message.payload.length;
      }
      expect(bytes).toBe(5_000_000);
    });
    await bystanders.unharmed();
  });

  test('and sends what is no text, in either kind of frame, is relayed byte for byte', async () => {
    await start();
    const { client, connectionId } = await admit();
    const odd = Buffer.from([0xff, 0x00, 0xc3, 0x28, 0x1e]);
    client.socket.send(odd, { binary: false });
    client.socket.send(odd, { binary: true });
    for (let time = 0; time < 2; time++) {
      const { payload } = await server.next('connectionData', (message) => message.connectionId === connectionId);
      expect(payload).toEqual(odd);
    }
    await bystanders.unharmed();
  });

  test('and breaks the WebSocket protocol, or is cut, is gone for its app server', async () => {
    await start();
    for (const harm of [
      (client: RawClient) => void client.tcp?.write(Buffer.from([0x83, 0x80, 0, 0, 0, 0])),
      (client: RawClient) => client.cut(),
      (client: RawClient) => void client.tcp?.resetAndDestroy(),
    ]) {
      const { client, connectionId } = await admit();
      client.socket.on('error', () => undefined);
      harm(client);
      expect(await server.next('closeConnection')).toMatchObject({ connectionId });
    }
    await bystanders.unharmed();
    await nothingLeft();
  });

  test('and lies about lengths in MessagePack is relayed as it is', async () => {
    await start();
    const client = await RawClient.connect(rig, { claims: stickTo(server), protocol: 'messagepack' });
    await server.accept();
    await client.hears(1);
    const lie = Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 2, 3]);
    client.send(lie);
    client.send(lie);
    let heard = Buffer.alloc(0);
    await eventually(() => {
      for (const message of server.received.splice(0))
        if (message.type === 'connectionData') heard = Buffer.concat([heard, message.payload]);
      expect(heard).toEqual(Buffer.concat([lie, lie]));
    });
    await bystanders.unharmed();
  });

  test('can be in ten thousand groups and in no more, and none is left when it has gone', async () => {
    await start();
    const { client, connectionId } = await admit();
    for (let ackId = 0; ackId < 10_001; ackId++) server.send({ type: 'joinGroupWithAck', connectionId, group: `g${ackId}`, ackId });
    server.send({ type: 'joinGroupWithAck', connectionId, group: 'g7', ackId: 10_001 });
    await server.settle();
    const refused = server.received.flatMap((message) => (message.type === 'ack' && message.status !== 1 ? [message.ackId] : []));
    expect(refused).toEqual([10_000]);
    expect(rig.service.hub('chat').clients.groups).toBe(10_001);
    await bystanders.unharmed();
    client.cut();
    await nothingLeft();
  });
});

test('sockets that open and say nothing, or half of a request, cost their descriptor', async () => {
  await start();
  const sockets: Socket[] = [];
  for (const words of [
    '',
    'GET /client/?hub=chat HTTP/1.1\r\nHost: x\r\n',
    'POST /client/negotiate?hub=chat HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\n{',
  ]) {
    for (let at = 0; at < 20; at++) {
      const socket = connect(rig.port, '127.0.0.1').on('error', () => undefined);
      sockets.push(socket);
      await once(socket, 'connect');
      socket.write(words);
    }
  }
  await bystanders.unharmed();
  await nothingLeft();
  for (const socket of sockets) socket.destroy();
});

test('a client can say nothing in the name of the service', async () => {
  await start({ clients: {} });
  const headers = {
    'X-Forwarded-For': '8.8.8.8',
    'Asrs-Instance-Id': 'forged',
    'Asrs-Migrate-From': 'forged',
    'Asrs-Client-Transport': 'forged',
    'ASRS-Is-Diagnostic-Client': 'true',
    'X-ASRS-Server-Id': 'forged',
    'X-ASRS-User-Id': 'root',
  };
  await RawClient.connect(rig, { claims: { ...stickTo(server), nameid: 'ann' }, headers, query: '&asrs.s.uid=root&nameid=root&hub=other' });
  const { headers: told, claims } = await server.next('openConnection');
  const ours = [...told].filter(([name]) => /asrs|forwarded/i.test(name));
  expect(ours).toEqual([
    ['X-Forwarded-For', ['127.0.0.1']],
    ['Asrs-Instance-Id', [rig.service.instanceId]],
    ['Asrs-Client-Transport', ['webSockets']],
  ]);
  expect(JSON.stringify(claims)).not.toContain('root');
  await bystanders.unharmed();
});

test('a header of a proxy is believed where the service is told to, with the address of the proxy behind it', async () => {
  await start({ trustForwardedFor: true });
  await RawClient.connect(rig, { claims: stickTo(server), headers: { 'X-Forwarded-For': '8.8.8.8' } });
  const { headers } = await server.next('openConnection');
  expect(headers.get('X-Forwarded-For')).toEqual(['8.8.8.8, 127.0.0.1']);
});

test('a connection token is of use at its own hub and to its own user only', async () => {
  await start();
  const negotiated = async (hub: string, nameid: string): Promise<string> => {
    const answer = await fetch(`${rig.url}/client/negotiate?hub=${hub}&negotiateVersion=1`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${await tokenFor('client', hub, { nameid })}` },
    });
    return ((await answer.json()) as { connectionToken: string }).connectionToken;
  };
  const id = await negotiated('chat', 'ann');
  const come = async (hub: string, nameid: string): Promise<RawClient> =>
    RawClient.dial(rig, { token: await tokenFor('client', hub, { nameid }), hub, query: `&id=${id}` });
  await expect(come('other', 'ann')).rejects.toThrow(/40[34]/);
  await expect(come('chat', 'bob')).rejects.toThrow(/40[34]/);
  const first = await come('chat', 'ann');
  await expect(come('chat', 'ann')).rejects.toThrow(/409|404/);
  first.cut();
  await bystanders.unharmed();
});
