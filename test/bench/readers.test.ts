import { describe, expect, test } from 'vitest';
import { EventStreamReader } from '../../bench/load/event-stream-reader.ts';
import { FrameReader } from '../../bench/load/frame-reader.ts';
import { HttpReader } from '../../bench/load/http-reader.ts';
import { MeasuredRecords, MessageRecords, SeparatedRecords, type RecordReader, type RecordSink } from '../../bench/load/record-reader.ts';
import { cutsOf, feed } from './cuts.ts';

/** A frame as servers send it: not masked. */
function frame(opcode: number, payload: string | Buffer, final = true): Buffer {
  const bytes = Buffer.from(payload);
  const first = (final ? 0x80 : 0) | opcode;
  if (bytes.length < 126) return Buffer.concat([Buffer.from([first, bytes.length]), bytes]);
  if (bytes.length < 65_536) return Buffer.concat([Buffer.from([first, 126, bytes.length >> 8, bytes.length & 0xff]), bytes]);
  const long = Buffer.alloc(10);
  long.set([first, 127]);
  long.writeUInt32BE(bytes.length, 6);
  return Buffer.concat([long, bytes]);
}

function framesIn(pieces: readonly Buffer[]): readonly string[] {
  const seen: string[] = [];
  let message = '';
  const reader = new FrameReader({
    payload: (buffer, start, end) => (message += buffer.toString('latin1', start, end)),
    messageEnd: () => {
      seen.push(message);
      message = '';
    },
    ping: (payload) => seen.push(`ping ${payload.toString()}`),
    close: (code) => seen.push(`close ${code}`),
    violation: (reason) => seen.push(`violation: ${reason}`),
  });
  feed((buffer, from, to) => reader.read(buffer, from, to), pieces);
  return seen;
}

describe('FrameReader', () => {
  const lengths = [0, 1, 125, 126, 127, 300];
  const bytes = Buffer.concat([
    ...lengths.map((length) => frame(1, 'x'.repeat(length))),
    frame(2, 'first,', false),
    frame(9, 'are you there'),
    frame(0, 'second', false),
    frame(0, ''),
    frame(10, 'unasked'),
    frame(8, Buffer.concat([Buffer.from([0x03, 0xe8]), Buffer.from('bye')])),
    frame(1, 'behind the end'),
  ]);
  const expected = [...lengths.map((length) => 'x'.repeat(length)), 'ping are you there', 'first,second', 'close 1000'];

  test('reads frames of all lengths, fragments and control frames between them, however they are cut', () => {
    for (const pieces of cutsOf(bytes)) expect(framesIn(pieces)).toEqual(expected);
  });

  test('reads frames with a length of 64 bits', () => {
    const long = frame(2, 'y'.repeat(70_000));
    for (const at of [0, 1, 2, 5, 9, 10, 11, 69_999]) {
      expect(framesIn([long.subarray(0, at), long.subarray(at), frame(1, 'z')])).toEqual(['y'.repeat(70_000), 'z']);
    }
  });

  test.each([
    ['a masked frame', Buffer.from([0x81, 0x81, 1, 2, 3, 4, 5])],
    ['a reserved bit set', Buffer.from([0xc1, 0x00])],
    ['opcode 3', Buffer.from([0x83, 0x00])],
    ['opcode 11', Buffer.from([0x8b, 0x00])],
    ['a control frame in fragments', Buffer.from([0x09, 0x00])],
    ['a long control frame', Buffer.from([0x89, 126, 0, 200])],
    ['a frame longer than any buffer', Buffer.from([0x82, 127, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0])],
  ])('refuses %s, and reads nothing behind it', (reason, wrong) => {
    for (const pieces of cutsOf(Buffer.concat([frame(1, 'before'), wrong, frame(1, 'behind')])))
      expect(framesIn(pieces)).toEqual(['before', `violation: ${reason}`]);
  });

  test('takes a close frame without a code', () => {
    expect(framesIn([frame(8, '')])).toEqual(['close 1005']);
  });
});

describe('records', () => {
  function recordsIn(make: (sink: RecordSink) => RecordReader, pieces: readonly Buffer[]): readonly string[] {
    const seen: string[] = [];
    const reader = make((buffer, start, end) => seen.push(buffer.toString('latin1', start, end)));
    feed((buffer, from, to) => reader.payload(buffer, from, to), pieces);
    return seen;
  }

  test('that end with 1E are found however they are cut', () => {
    for (const pieces of cutsOf(Buffer.from('one\x1e\x1ethree\x1efour')))
      expect(recordsIn((sink) => new SeparatedRecords(sink), pieces)).toEqual(['one', '', 'three']);
  });

  test('with their length in front are found behind the handshake, however they are cut', () => {
    const long = 'l'.repeat(300);
    const bytes = Buffer.concat([
      Buffer.from('{}\x1e'),
      Buffer.from('\x03a\x1ec'),
      Buffer.from([0xac, 0x02]),
      Buffer.from(`${long}\x01z\x05cut`),
    ]);
    for (const pieces of cutsOf(bytes)) expect(recordsIn((sink) => new MeasuredRecords(sink), pieces)).toEqual(['{}', 'a\x1ec', long, 'z']);
  });

  test.each([
    ['without an end', (sink: RecordSink) => new SeparatedRecords(sink), Buffer.alloc(1024 * 1024)],
    ['of a length beyond reason', (sink: RecordSink) => new MeasuredRecords(sink), Buffer.from('\x1e\xff\xff\xff\xff\x0f', 'latin1')],
  ])('%s are refused', (_, make, piece) => {
    expect(() =>
      recordsIn(
        make,
        Array.from({ length: 17 }, () => piece),
      ),
    ).toThrow(RangeError);
  });

  test('that are messages end where these do', () => {
    const seen: string[] = [];
    const reader = new MessageRecords((buffer, start, end) => seen.push(buffer.toString('latin1', start, end)));
    for (const parts of [['whole'], [], ['in ', 'three ', 'parts']]) {
      for (const part of parts) reader.payload(Buffer.from(part), 0, part.length);
      reader.messageEnd();
    }
    expect(seen).toEqual(['whole', '', 'in three parts']);
  });
});

describe('HttpReader', () => {
  function responsesIn(pieces: readonly Buffer[]): readonly string[] {
    const seen: string[] = [];
    let response = '';
    const reader = new HttpReader({
      head: (status) => (response = `${status} `),
      body: (buffer, start, end) => (response += buffer.toString('latin1', start, end)),
      end: () => seen.push(response),
    });
    feed((buffer, from, to) => reader.read(buffer, from, to), pieces);
    return seen;
  }

  test('reads bodies of known length, in chunks and none, one behind the other, however they are cut', () => {
    const bytes = Buffer.from(
      'HTTP/1.1 200 OK\r\nDate: today\r\ncontent-length: 5\r\n\r\nhello' +
        'HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n' +
        'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nWiki\r\nA;why=not\r\npedia\r\n in\r\n0\r\nTrailer: yes\r\n\r\n' +
        'HTTP/1.1 204 No Content\r\n\r\n' +
        'HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nno!\r\n0\r\n\r\n',
    );
    for (const pieces of cutsOf(bytes))
      expect(responsesIn(pieces)).toEqual(['200 hello', '202 ', '200 Wikipedia\r\n in', '204 ', '404 no!']);
  });

  test('refuses heads, sizes and lines that are not what they should be', () => {
    expect(() => responsesIn([Buffer.alloc(70_000, 'x')])).toThrow(RangeError);
    const chunked = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';
    expect(() => responsesIn([Buffer.from(`${chunked}none\r\n`)])).toThrow(TypeError);
    expect(() => responsesIn([Buffer.from(chunked + '1'.repeat(9000))])).toThrow(RangeError);
  });
});

describe('EventStreamReader', () => {
  function eventsIn(pieces: readonly Buffer[]): readonly string[] {
    const seen: string[] = [];
    let event = '';
    const reader = new EventStreamReader({
      payload: (buffer, start, end) => (event += buffer.toString('latin1', start, end)),
      messageEnd: () => {
        seen.push(event);
        event = '';
      },
    });
    feed((buffer, from, to) => reader.read(buffer, from, to), pieces);
    return seen;
  }

  test.each(['\r\n', '\n'])('takes the data out of events whose lines end with %j, however they are cut', (end) => {
    const text = [':', 'data: {"a":1}\x1e', '', ': comment', 'event: message', 'dat: no', 'data: {"b":"data: "}\x1e{}\x1e', '', 'data: x'];
    for (const pieces of cutsOf(Buffer.from(text.join(end)))) expect(eventsIn(pieces)).toEqual(['{"a":1}\x1e', '{"b":"data: "}\x1e{}\x1e']);
  });
});
