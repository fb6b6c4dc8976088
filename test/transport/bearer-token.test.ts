import { expect, test } from 'vitest';
import { memoryRequest } from '../../src/conformance/memory-request.ts';
import { bearerToken } from '../../src/transport/bearer-token.ts';

const read = (query: string, authorization?: string): string | undefined =>
  bearerToken(memoryRequest({ url: `/hub${query}`, headers: authorization === undefined ? {} : { authorization } }));

test.each([
  ['', undefined, undefined],
  ['', 'Bearer abc', 'abc'],
  ['', 'bearer  abc', 'abc'],
  ['', 'abc', 'abc'],
  ['', 'Bearer ', 'Bearer'],
  ['?id=1&access_token=abc', undefined, 'abc'],
  ['?Access_Token=a%2Bb', undefined, 'a+b'],
  ['?access_token=', undefined, undefined],
  ['?access_token=query', 'Bearer header', 'header'],
])('of the query %j and the header %j is %j', (query, authorization, expected) => {
  expect(read(query, authorization)).toBe(expected);
});
