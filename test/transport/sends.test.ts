import { request as httpRequest, type ClientRequest } from 'node:http';
import { describe, expect, test } from 'vitest';
import { Onlooker, type Peer, turns } from './application.ts';
import { ask, negotiate, post, type Answered } from './http-client.ts';
import { requestTo, serve, type Served, type Setup } from './serve.ts';
import { head, RawSocket } from './websocket-client.ts';

interface Polling {
  readonly served: Served;
  readonly url: string;
  readonly peer: Peer;
}

async function polling(setup: Omit<Setup, 'opened'> = {}): Promise<Polling> {
  const onlooker = new Onlooker();
  const served = await serve({ ...setup, opened: onlooker.opened });
  const { url } = await negotiate(served);
  await ask(url);
  return { served, url, peer: await onlooker.peer() };
}

/** A POST whose body is sent piece by piece. */
async function openPost({ served, url }: Pick<Polling, 'served' | 'url'>): Promise<{ request: ClientRequest; status: Promise<number> }> {
  const arrived = requestTo(served.server);
  const request = httpRequest(url, { method: 'POST', agent: false });
  const status = new Promise<number>((resolve, reject) => {
    request.on('response', (response) => resolve(response.resume().statusCode ?? 0));
    request.on('error', reject);
  });
  request.flushHeaders();
  await arrived;
  return { request, status };
}

/** Whether a promise has settled by now. */
async function settled(promise: Promise<unknown>): Promise<boolean> {
  await turns(20);
  let done = false;
  void promise.finally(() => {
    done = true;
  });
  await turns();
  return done;
}

describe('POSTs of one connection', () => {
  test('are taken one after the other, in the order in which they came', async () => {
    const context = await polling();
    const first = await openPost(context);
    const second = await openPost(context);
    const third = post(context.url, '3');
    second.request.end('2');
    first.request.write('1a');
    await context.peer.until(({ text }) => text === '1a');
    expect(await settled(second.status)).toBe(false);
    expect(await settled(third)).toBe(false);
    first.request.end('1b');
    expect([await first.status, await second.status, (await third).status]).toEqual([200, 200, 200]);
    expect(context.peer.text).toBe('1a1b23');
  });

  test('keep their order while it is found out who sent them', async () => {
    const gates: ((user: string) => void)[] = [];
    const onlooker = new Onlooker();
    let wait = false;
    const served = await serve({
      opened: onlooker.opened,
      options: { authenticate: () => (wait ? new Promise((resolve) => gates.push(resolve)) : 'user') },
    });
    const { url } = await negotiate(served);
    await ask(url);
    const peer = await onlooker.peer();
    wait = true;
    const statuses: Promise<Answered>[] = [];
    for (const body of ['1', '2', '3']) {
      const arrived = requestTo(served.server);
      statuses.push(post(url, body));
      await arrived;
    }
    for (const gate of gates.toReversed()) gate('user');
    expect((await Promise.all(statuses)).map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(peer.text).toBe('123');
  });

  test('one that is refused gives up its place', async () => {
    const gates: ((allowed: boolean) => void)[] = [];
    const onlooker = new Onlooker();
    let wait = false;
    const served = await serve({
      opened: onlooker.opened,
      options: { authorize: () => !wait || new Promise((resolve) => gates.push(resolve)) },
    });
    const { url } = await negotiate(served);
    await ask(url);
    const peer = await onlooker.peer();
    wait = true;
    const arrived = requestTo(served.server);
    const refused = post(url, 'refused');
    await arrived;
    const next = requestTo(served.server);
    const taken = post(url, 'taken');
    await next;
    gates[1]?.(true);
    expect(await settled(taken)).toBe(false);
    gates[0]?.(false);
    expect([(await refused).status, (await taken).status]).toEqual([401, 200]);
    expect(peer.text).toBe('taken');
  });

  test('one that breaks off leaves what it brought, and the next goes on', async () => {
    const context = await polling();
    const broken = await openPost(context);
    broken.request.write('half');
    const next = post(context.url, 'whole');
    await context.peer.until(({ text }) => text === 'half');
    broken.request.destroy();
    await expect(broken.status).rejects.toThrow('socket hang up');
    expect((await next).status).toBe(200);
    expect(context.peer.text).toBe('halfwhole');
  });

  test('a large one streams through', async () => {
    const { url, peer } = await polling();
    const body = 'x'.repeat(3_000_000);
    expect((await post(url, body)).status).toBe(200);
    expect(peer.text.length).toBe(body.length);
    expect(peer.chunks).toBeGreaterThan(10);
  });
});

describe('an application that does not take them', () => {
  const options = { applicationMaxBufferSize: 10 };

  test('one that fills the buffer is answered when it was taken', async () => {
    const { url, peer } = await polling({ options });
    peer.connection.pause();
    expect((await post(url, '12345')).status).toBe(200);
    const filling = post(url, '67890');
    expect(await settled(filling)).toBe(false);
    const behind = post(url, 'behind');
    expect(await settled(behind)).toBe(false);
    peer.connection.resume();
    expect([(await filling).status, (await behind).status]).toEqual([200, 200]);
    expect(peer.text).toBe('1234567890behind');
  });

  test('a large one is not read, and goes on when there is room', async () => {
    const { url, peer } = await polling({ options });
    peer.connection.pause();
    const body = 'x'.repeat(5_000_000);
    const posted = post(url, body);
    expect(await settled(posted)).toBe(false);
    peer.received = (chunk) => {
      peer.text += chunk.toString();
      peer.connection.pause();
      setImmediate(() => peer.connection.resume());
    };
    peer.connection.resume();
    expect((await posted).status).toBe(200);
    expect(peer.text.length).toBe(body.length);
  });

  test('before a transport was taken up, no more is kept either', async () => {
    const onlooker = new Onlooker();
    const served = await serve({ opened: onlooker.opened, options });
    const { url } = await negotiate(served);
    expect((await post(url, '12345')).status).toBe(200);
    const filling = post(url, '67890');
    const behind = post(url, 'behind');
    expect(await settled(filling)).toBe(false);
    expect(await settled(behind)).toBe(false);
    await ask(url);
    expect([(await filling).status, (await behind).status]).toEqual([200, 200]);
    expect((await onlooker.peer()).text).toBe('1234567890behind');
  });

  test('many at a time are refused, and those before them taken', async () => {
    const { served, url, peer } = await polling({ options });
    const token = new URL(url).searchParams.get('id');
    peer.connection.pause();
    const raw = new RawSocket(served.port);
    raw.write(`${head(`POST /hub?id=${token} HTTP/1.1`, 'Host: x', 'Content-Length: 10')}0123456789`.repeat(120));
    const refused = post(url, 'refused');
    expect((await refused).status).toBe(429);
    peer.connection.resume();
    const answered = (text: string, status: number): number => text.split(`HTTP/1.1 ${status} `).length - 1;
    await raw.until(({ text }) => answered(text, 200) + answered(text, 429) === 120);
    expect([answered(raw.text, 200), answered(raw.text, 429)]).toEqual([100, 20]);
    expect(peer.text).toBe('0123456789'.repeat(100));
  });

  test('those that are held back when it ends find nobody', async () => {
    const { url, peer } = await polling({ options });
    peer.connection.pause();
    const held = post(url, '1234567890');
    const behind = post(url, 'behind');
    expect(await settled(held)).toBe(false);
    peer.connection.abort();
    expect([(await held).status, (await behind).status]).toEqual([404, 404]);
    expect((await ask(url)).status).toBe(204);
  });

  test('and does not read what it is sent either: POSTs wait for the polls', async () => {
    const { url, peer } = await polling({ options: { transportMaxBufferSize: 10 } });
    expect(peer.connection.write('12345678901')).toBe(false);
    const held = post(url, 'x');
    expect(await settled(held)).toBe(false);
    expect((await ask(url)).body).toBe('12345678901');
    expect((await held).status).toBe(200);
    expect(peer.drains).toBe(1);
  });
});
