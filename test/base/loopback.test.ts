import { describe, expect, it } from 'vitest';
import { isLoopbackAddress, isLoopbackHost } from '../../src/base/loopback.ts';

describe('loopback', () => {
  it.each(['127.0.0.1', '127.255.0.9', '::1', '0:0:0:0:0:0:0:1', '0000::0001', '::ffff:127.0.0.1', '::FFFF:127.1.2.3'])(
    'is the address %s',
    (address) => {
      expect(isLoopbackAddress(address)).toBe(true);
    },
  );

  it.each([
    '',
    '0.0.0.0',
    '::',
    '10.0.0.1',
    '128.0.0.1',
    '::2',
    '::11',
    '1::1',
    '::ffff:10.0.0.1',
    '127.0.0.1.example',
    '127.1',
    'localhost',
    '::1%lo0',
  ])('is not the address %j', (address) => {
    expect(isLoopbackAddress(address)).toBe(false);
  });

  it('is a host by name, by address, and by address in brackets', () => {
    for (const host of ['localhost', 'LocalHost', '127.0.0.1', '::1', '[::1]']) expect([host, isLoopbackHost(host)]).toEqual([host, true]);
    for (const host of ['', 'localhost.example', '0.0.0.0', '[::]', '[127.0.0.1', 'example'])
      expect([host, isLoopbackHost(host)]).toEqual([host, false]);
  });
});
