import { describe, expect, test } from 'vitest';
import { parseAddress } from '../../src/redis/address.ts';
import { redisSettings } from '../../src/redis/options.ts';
import { redis } from '../../src/redis.ts';

const plain = { host: 'redis.example', port: 6379, tls: undefined, options: {}, ignored: [] };

describe('an address', () => {
  test.each([
    ['redis://redis.example', plain],
    ['redis://redis.example:7000/', { ...plain, port: 7000 }],
    ['rediss://redis.example/3', { ...plain, tls: {}, options: { defaultDatabase: 3 } }],
    ['redis://ann:p%40ss@redis.example', { ...plain, options: { user: 'ann', password: 'p@ss' } }],
    ['redis://:secret@[::1]:7000', { ...plain, host: '::1', port: 7000, options: { password: 'secret' } }],
    ['redis.example', plain],
    ['redis.example:7000', { ...plain, port: 7000 }],
    ['[::1]:7000', { ...plain, host: '::1', port: 7000 }],
    ['', { ...plain, host: '127.0.0.1' }],
    ['ssl=true, redis.example', { ...plain, port: 6380, tls: {} }],
    [
      'redis.example,password=a=b,user=ann,ssl=True,sslHost=other,channelPrefix=shop:,defaultDatabase=2',
      {
        ...plain,
        port: 6380,
        tls: { servername: 'other' },
        options: { password: 'a=b', user: 'ann', channelPrefix: 'shop:', defaultDatabase: 2 },
      },
    ],
    [
      'redis.example,name=web,connectTimeout=1000,AsyncTimeout=2000,keepAlive=60,ssl=false',
      { ...plain, options: { clientName: 'web', connectTimeout: 1_000, asyncTimeout: 2_000, keepAlive: 60_000 } },
    ],
    ['redis.example,abortConnect=false,ConnectRetry=3', { ...plain, ignored: ['abortConnect', 'ConnectRetry'] }],
  ])('%s is read', (address, expected) => {
    expect(parseAddress(address)).toEqual(expected);
  });

  test.each([
    ['http://redis.example', "begins with 'http:'"],
    ['redis://', 'names no host'],
    ['redis://redis.example/shop', "path '/shop'"],
    ['redis://redis.example?tls=1', 'query'],
    ['redis.example,pasword=x', "unknown key 'pasword'"],
    ['redis.example,serviceName=main', "'serviceName', which is not supported"],
    ['a:1,b:1', 'more than one endpoint'],
    ['redis.example:port', 'where an endpoint is expected'],
    ['redis.example,connectTimeout=soon', 'no whole number for connectTimeout'],
    ['redis.example,ssl=maybe', 'neither true nor false for ssl'],
  ])('%s is refused', (address, reason) => {
    expect(() => redis(address)).toThrow(
      expect.objectContaining({ code: 'SIGNALBOX_REDIS_ADDRESS', message: expect.stringContaining(reason) }),
    );
  });

  test('is never shown with its password', () => {
    for (const address of ['http://ann:secret@redis.example', 'redis.example,password=secret,nonsense=1'])
      expect(() => redis(address)).toThrow(expect.objectContaining({ message: expect.not.stringContaining('secret') }));
  });
});

describe('an option', () => {
  test('stands before what the address says', () => {
    const { options } = parseAddress('redis.example,channelPrefix=a:,password=x');
    expect(redisSettings(options, { channelPrefix: 'b:' })).toMatchObject({ channelPrefix: 'b:', password: 'x', catchUp: true });
  });

  test.each([{ channelPrefix: 1 }, { catchUp: 'no' }, { connectTimeout: 0 }, { defaultDatabase: -1 }])('is refused: %j', (options) => {
    expect(() => redis('redis://redis.example', options as never)).toThrow(expect.objectContaining({ code: 'SIGNALBOX_INVALID_OPTION' }));
  });
});
