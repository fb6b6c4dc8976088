import { once } from 'node:events';
import { createConnection } from 'node:net';
import * as fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { WebSocketPieces } from '../../src/transport/websocket-pieces.ts';
import { eventually } from '../eventually.ts';
import { RawClient } from '../service/raw-client.ts';
import { ACCEPTED, ScriptedServer } from '../service/app-server.ts';
import { ServiceRig, tokenFor } from '../service/rig.ts';

const MOST = 16;
const KEY = Buffer.from([0x12, 0x34, 0x56, 0x78]);
const masked = (payload: Buffer): Buffer => Buffer.from(payload.map((byte, at) => byte ^ (KEY[at % 4] as number)));

/** A client's frame. */
function frame(first: number, payload: Buffer): Buffer {
  const { length } = payload;
  const size =
    length < 126
      ? Buffer.from([0x80 | length])
      : length < 0x1_0000
        ? Buffer.from([0x80 | 126, length >> 8, length & 0xff])
        : Buffer.concat([Buffer.from([0x80 | 127, 0, 0, 0, 0]), Buffer.from(Uint32Array.of(length).buffer).toReversed()]);
  return Buffer.concat([Buffer.from([first]), size, KEY, masked(payload)]);
}

interface Frame {
  readonly first: number;
  readonly payload: Buffer;
}

/** The frames in bytes, unmasked: a reader of its own, that knows no more than the specification says. */
function framesIn(bytes: Buffer): readonly Frame[] {
  const frames: Frame[] = [];
  for (let at = 0; at < bytes.length;) {
    const first = bytes[at] as number;
    const short = (bytes[at + 1] as number) & 0x7f;
    const [length, head] =
      short === 127 ? [Number(bytes.readBigUInt64BE(at + 2)), 14] : short === 126 ? [bytes.readUInt16BE(at + 2), 8] : [short, 6];
    const key = bytes.subarray(at + head - 4, at + head);
    const payload = bytes.subarray(at + head, at + head + length);
    expect(payload.length).toBe(length);
    frames.push({ first, payload: Buffer.from(payload.map((byte, index) => byte ^ (key[index % 4] as number))) });
    at += head + length;
  }
  return frames;
}

/** What comes out of bytes that come in these pieces. */
function cut(bytes: Buffer, cuts: readonly number[], most = MOST): Buffer {
  const out: Buffer[] = [];
  class CollectedPieces extends WebSocketPieces {
    protected override pass(passed: Buffer): void {
      out.push(Buffer.from(passed));
    }
  }
  const pieces = new CollectedPieces(most);
  let start = 0;
  for (const end of [...cuts.map((one) => one % (bytes.length + 1)).toSorted((a, b) => a - b), bytes.length]) {
    pieces.take(Buffer.from(bytes.subarray(start, end)));
    start = end;
  }
  return Buffer.concat(out);
}

const payloads = fc.uint8Array({ maxLength: 150, size: 'max' }).map((bytes) => Buffer.from(bytes));
/** One message in one or more frames, with pings between them. */
const aMessage = fc.record({
  kind: fc.constantFrom(1, 2),
  parts: fc.array(payloads, { minLength: 1, maxLength: 4 }),
  pings: fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }),
});

test('messages of any length come in final frames of a few bytes, and are the same stream', () => {
  const ping = frame(0x89, Buffer.from('ping'));
  fc.assert(
    fc.property(fc.array(aMessage, { maxLength: 5 }), fc.array(fc.nat(), { maxLength: 30, size: 'max' }), (messages, cuts) => {
      const bytes = Buffer.concat(
        messages.flatMap(({ kind, parts, pings }) =>
          parts.flatMap((part, at) => {
            const first = (at === 0 ? kind : 0) | (at === parts.length - 1 ? 0x80 : 0);
            return [frame(first, part), ...(pings[at] === true ? [ping] : [])];
          }),
        ),
      );
      const frames = framesIn(cut(bytes, cuts));
      const data = frames.filter(({ first }) => first !== 0x89);
      for (const { first, payload } of data) {
        expect([0x81, 0x82]).toContain(first);
        expect(payload.length).toBeLessThanOrEqual(MOST);
      }
      expect(Buffer.concat(data.map(({ payload }) => payload))).toEqual(Buffer.concat(messages.flatMap(({ parts }) => parts)));
      expect(frames.length - data.length).toBe(messages.flatMap(({ parts, pings }) => pings.slice(0, parts.length)).filter(Boolean).length);
    }),
    { numRuns: 500 },
  );
});

test('nothing follows a close frame', () => {
  const bytes = Buffer.concat([frame(0x81, Buffer.from('last')), frame(0x88, Buffer.from([3, 232])), frame(0x81, Buffer.from('late'))]);
  for (let at = 0; at <= bytes.length; at++) expect(framesIn(cut(bytes, [at])).map(({ first }) => first)).toEqual([0x81, 0x88]);
});

describe('a client of the service', () => {
  let rig: ServiceRig;
  afterEach(() => rig.close());

  async function place(): Promise<ScriptedServer> {
    rig = await ServiceRig.start();
    return ScriptedServer.connect(rig);
  }

  test('sends a message beyond any limit, of which only pieces are kept', async () => {
    const server = await place();
    const client = await RawClient.connect(rig);
    const { connectionId } = await server.accept();
    await client.hears(1);
    const size = 96 * 1_048_576;
    let came = 0;
    let last: boolean | undefined;
    let largest = 0;
    const counting = setInterval(() => {
      for (const message of server.received.splice(0)) {
        if (message.type !== 'connectionData' || message.connectionId !== connectionId) continue;
        came += message.payload.length;
        last = message.extension.isPartial;
        largest = Math.max(largest, message.payload.length);
      }
    }, 1);
    try {
      client.send(Buffer.concat([Buffer.alloc(size, 0x61), Buffer.from([0x1e])]));
      await eventually(() => expect(came).toBe(size + 1));
    } finally {
      clearInterval(counting);
    }
    expect(last).toBeUndefined();
    expect(largest).toBeLessThanOrEqual(131_072);
  });

  const faults: readonly (readonly [string, Buffer])[] = [
    ['is not masked', Buffer.from([0x81, 2, 0x61, 0x62])],
    ['goes on with a message that has not begun', frame(0x80, Buffer.from('x'))],
    ['begins a message within another', Buffer.concat([frame(0x01, Buffer.from('x')), frame(0x81, Buffer.from('y'))])],
    ['is compressed, though nobody agreed to it', frame(0xc1, Buffer.from('x'))],
    ['is of a kind that there is not', frame(0x83, Buffer.from('x'))],
    ['is longer than numbers are', Buffer.from([0x82, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 2, 3, 4])],
  ];

  test.each(faults)('whose frame %s is closed, and nobody else', async (_, bytes) => {
    const server = await place();
    const bystander = await RawClient.connect(rig);
    await server.accept();
    const socket = createConnection(rig.port, '127.0.0.1');
    const got: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => got.push(chunk));
    const token = await tokenFor('client', 'chat');
    socket.write(
      `GET /client/?hub=chat&access_token=${token} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
        'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
    );
    await eventually(() => expect(Buffer.concat(got).toString('latin1')).toContain('\r\n\r\n'));
    const ended = once(socket, 'close');
    socket.write(Buffer.concat([bytes, frame(0x81, Buffer.from('more')), frame(0x81, Buffer.from('and more'))]));
    await ended;
    expect(await bystander.hears(1)).toEqual([{}]);
    expect(bystander.text).toBe(ACCEPTED);
    expect(rig.service.hub('chat').clients.size).toBe(1);
  });
});
