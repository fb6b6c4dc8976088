import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { describe, expect, test } from 'vitest';
import { OpeningRequest } from '../../src/transport/opening-request.ts';
import { ordinaryHead } from '../../src/transport/ordinary-request.ts';
import { pathOf, queryValue } from '../../src/transport/request-target.ts';

function request(url: string, ...rawHeaders: string[]): IncomingMessage {
  return Object.assign(new IncomingMessage(new Socket()), { method: 'GET', url, httpVersion: '1.1', rawHeaders });
}

describe('a request target', () => {
  test.each([
    ['/Hub', '/hub'],
    ['/hub/', '/hub'],
    ['/hub/?id=/X/', '/hub'],
    ['/hub#part', '/hub'],
    ['/', '/'],
    ['/?x', '/'],
    ['/a%20B%2Fc', '/a b%2fc'],
    ['/100%', '/100%'],
    ['http://host:1/Hub?x', '/hub'],
    ['HTTPS://host', '/'],
    ['http://host?x=/y', '/'],
    ['//host/hub', '//host/hub'],
    ['*', '*'],
  ])('%s has the path %s', (target, path) => {
    expect(pathOf(target)).toBe(path);
  });

  test.each([
    ['/hub?id=a', 'a'],
    ['/hub?x=1&ID=a%2Bb&id=c', 'a+b'],
    ['/hub?id', ''],
    ['/hub?x=id', undefined],
    ['/hub', undefined],
  ])('%s has the id %s', (target, id) => {
    expect(queryValue(target, 'id')).toBe(id);
  });
});

describe('the request of a connection', () => {
  test.each([
    ['/hub?x=%20', ['Host', 'example.com:8080'], 'http://example.com:8080/hub?x=%20'],
    ['/hub', ['host', '[::1]:80'], 'http://[::1]/hub'],
    ['/hub', [], 'http://localhost/hub'],
    ['/hub', ['Host', 'evil/?'], 'http://localhost/hub'],
    ['/hub', ['Host', 'a:b:c'], 'http://localhost/hub'],
    ['//evil/hub', ['Host', 'example.com'], 'http://example.com//evil/hub'],
    ['http://proxied/hub?x', ['Host', 'example.com'], 'http://example.com/hub?x'],
  ])('%s with %o has the URL %s', (target, headers, url) => {
    expect(new OpeningRequest(request(target, ...headers)).url.href).toBe(url);
  });

  test('has its headers, joined as they are to be', () => {
    const { headers } = new OpeningRequest(request('/', 'X-A', '1', 'x-a', '2', 'Cookie', 'a=1', 'Cookie', 'b=2', 'X-Empty', ''));
    expect([...headers]).toEqual([
      ['cookie', 'a=1; b=2'],
      ['x-a', '1, 2'],
      ['x-empty', ''],
    ]);
    expect([...new OpeningRequest(request('/')).headers]).toEqual([]);
  });
});

test.each([
  [['Connection', 'Upgrade', 'Upgrade', 'h2c'], []],
  [['Connection', 'keep-alive, UPGRADE ,HTTP2-Settings', 'HTTP2-Settings', 'x'], ['Connection: keep-alive']],
  [
    ['CONNECTION', 'close', 'Host', 'x', 'Transfer-Encoding', 'chunked'],
    ['CONNECTION: close', 'Host: x', 'Transfer-Encoding: chunked'],
  ],
  [
    ['Sec-WebSocket-Key', 'k', 'X', ''],
    ['Sec-WebSocket-Key: k', 'X: '],
  ],
])('an ordinary request has of %j the fields %j', (raw, fields) => {
  expect(ordinaryHead(request('/path?x', ...raw))).toBe(['GET /path?x HTTP/1.1', ...fields, '', ''].join('\r\n'));
});
