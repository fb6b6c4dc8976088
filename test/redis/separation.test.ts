import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { freePort } from '../../bench/daemon.ts';
import type { Backplane } from '../../src/backplane/backplane.ts';
import { RecordingMember } from '../../src/conformance/recording-member.ts';
import { MessageType } from '../../src/protocol/hub/message.ts';
import { SharedMessage } from '../../src/protocol/hub/shared-message.ts';
import type { RedisOptions } from '../../src/redis.ts';
import { certificate, key } from '../transport/certificate.ts';
import { Farm, until } from './farm.ts';
import { RedisServer, redisIsHere } from './redis-server.ts';

/** A fatal alert, not encrypted. */
const ALERT = Buffer.of(21, 3, 3, 0, 2, 2, 48);

function message(target: string): SharedMessage {
  return new SharedMessage({ type: MessageType.invocation, target, arguments: [] });
}

describe.skipIf(!redisIsHere)('servers at one Redis', () => {
  let server: RedisServer;
  let folder: string;
  let tlsPort: number;
  const farms: Farm[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'redis-tls-'));
    await writeFile(join(folder, 'key.pem'), key);
    await writeFile(join(folder, 'certificate.pem'), certificate);
    tlsPort = await freePort();
    const files = ['--tls-cert-file', join(folder, 'certificate.pem'), '--tls-key-file', join(folder, 'key.pem')];
    server = await RedisServer.start('--tls-port', `${tlsPort}`, ...files, '--tls-auth-clients', 'no');
  });
  afterEach(async () => {
    for (const farm of farms.splice(0)) await farm.close();
  });
  afterAll(async () => {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  });

  interface Place {
    readonly where?: string;
    readonly options?: RedisOptions;
    readonly hub?: string;
  }

  async function at({ where = server.url, options = {}, hub = 'Hub' }: Place): Promise<Backplane> {
    const farm = new Farm(where, options);
    farms.push(farm);
    return (await farm.servers(1, hub))[0] as Backplane;
  }

  /** Whether what is sent here, by each kind of audience, is heard there: `all`, `none`, or what was heard. */
  async function heard(from: Place, to: Place): Promise<string> {
    const [here, there] = [await at(from), await at(to)];
    const member = new RecordingMember('c1', 'u');
    await there.attach(member);
    await there.join('c1', 'g');
    await here.send({ to: 'all' }, message('all'));
    await here.send({ to: 'groups', names: ['g'] }, message('group'));
    await here.send({ to: 'users', ids: ['u'] }, message('user'));
    await here.send({ to: 'connections', ids: ['c1'] }, message('connection'));
    await here.join('c1', 'h');
    await there.send({ to: 'groups', names: ['h'] }, message('joined'));
    await there.send({ to: 'all' }, message('fence'));
    await member.waitFor('fence');
    return member.targets.slice(0, -1).join(' ');
  }

  const everything = 'all group user connection joined';

  test('with one hub name hear each other', async () => {
    expect(await heard({}, {})).toBe(everything);
  });

  test('with two hub names do not', async () => {
    expect(await heard({ hub: 'Hub' }, { hub: 'Hub2' })).toBe('');
  });

  test('with two prefixes do not, and with one do', async () => {
    expect(await heard({ options: { channelPrefix: 'a:' } }, { options: { channelPrefix: 'b:' } })).toBe('');
    expect(await heard({ options: { channelPrefix: 'a:' } }, {})).toBe('');
    expect(await heard({ options: { channelPrefix: 'a:' } }, { where: `127.0.0.1:${server.port},channelPrefix=a:` })).toBe(everything);
  });

  test('are not separated by a database number', async () => {
    expect(await heard({ where: `${server.url}/1` }, { where: `${server.url}/2` })).toBe(everything);
  });

  test('ask each other for client results through a prefix', async () => {
    const [here, there] = [await at({ options: { channelPrefix: 'a:' } }), await at({ options: { channelPrefix: 'a:' } })];
    const member = new RecordingMember('c1');
    await there.attach(member);
    const asked = here.invoke('c1', 'ask', []);
    const { invocationId = '' } = await member.waitFor('ask');
    there.complete(member, { type: MessageType.completion, invocationId, hasResult: true, result: 7 });
    expect((await asked).result).toBe(7);
  });

  test('speak TLS where the address or the options say so, and check the certificate', async () => {
    const tls = { ca: certificate };
    expect(await heard({ where: `rediss://127.0.0.1:${tlsPort}`, options: { tls } }, {})).toBe(everything);
    expect(await heard({ where: `127.0.0.1:${tlsPort},ssl=true,sslHost=localhost`, options: { tls } }, {})).toBe(everything);
    const farm = new Farm(`rediss://127.0.0.1:${tlsPort}`, { asyncTimeout: 500, outagePolicy: 'fail' });
    farms.push(farm);
    await expect(farm.start().backplane.send({ to: 'all' }, message('m'))).rejects.toMatchObject({ code: 'SIGNALBOX_REDIS_UNAVAILABLE' });
    expect(farm.logged.find(({ event }) => event.id === 'redis.error-connecting')?.error).toMatchObject({
      code: expect.stringMatching(/SELF_SIGNED|UNABLE_TO_VERIFY/),
    });
  });

  test.each([
    { second: 'a write', tls: { ca: certificate } },
    { second: 'a wrong certificate', tls: {} },
  ])('outlive a TLS connection that fails twice: by an alert just after its handshake, and by $second', async ({ tls }) => {
    const alerting = createServer((near) => {
      const far = connect(tlsPort, '127.0.0.1');
      far.on('data', (bytes: Buffer) => near.write(Buffer.concat([bytes, ALERT])));
      near.on('data', (bytes: Buffer) => far.write(bytes));
      for (const [one, other] of [[near, far] as const, [far, near] as const])
        one.on('error', () => undefined).on('close', () => other.destroy());
    });
    await once(alerting.listen(0, '127.0.0.1'), 'listening');
    const uncaught: unknown[] = [];
    const watch = (error: unknown): void => void uncaught.push(error);
    process.on('uncaughtExceptionMonitor', watch);
    onTestFinished(() => {
      process.off('uncaughtExceptionMonitor', watch);
      alerting.close();
    });
    const errors: string[] = [];
    const farm = new Farm(`rediss://127.0.0.1:${(alerting.address() as AddressInfo).port}`, {
      tls,
      firstReconnectDelay: 1,
      clientLog: (line) => void (line.includes('Error:') && errors.push(line)),
    });
    farms.push(farm);
    farm.start();
    await until(
      () => errors.length >= 4,
      () => `only ${errors.length} connections have failed`,
    );
    expect(uncaught).toEqual([]);
  });

  test('tell their client log what happens, and warn of keys that make no difference', async () => {
    const lines: string[] = [];
    const farm = new Farm(`127.0.0.1:${server.port},abortConnect=false`, { clientLog: (line) => lines.push(line) });
    farms.push(farm);
    await farm.servers(1, 'Hub');
    expect(lines).toContain('Hub commands: ready');
    expect(lines).toContain('Hub subscriptions: ready');
    expect(farm.logged.find(({ event }) => event.id === 'redis.key-ignored')?.fields).toEqual({ key: 'abortConnect' });
  });
});
