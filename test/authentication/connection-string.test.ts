import { describe, expect, it } from 'vitest';
import { parseServiceConnectionString } from '../../src/authentication/connection-string.ts';

const KEY = 'S3cret-key=with+signs==';

describe('the connection string of a service', () => {
  it('names an endpoint and a key, in any case and order, with spaces and empty parts', () => {
    expect(parseServiceConnectionString(` ;accesskey = ${KEY} ; ENDPOINT=https://Chat.example/ ;;Version=1.0;`)).toEqual({
      audience: 'https://chat.example/',
      serverUrl: 'https://chat.example/',
      clientUrl: 'https://chat.example/',
      accessKey: KEY,
    });
  });

  it('keeps the port where it is dialled, and leaves it out of the audience', () => {
    const endpoint = parseServiceConnectionString(`Endpoint=http://127.0.0.1:8898;AccessKey=${KEY}`);
    expect(endpoint).toMatchObject({
      audience: 'http://127.0.0.1/',
      serverUrl: 'http://127.0.0.1:8898/',
      clientUrl: 'http://127.0.0.1:8898/',
    });
    const replaced = parseServiceConnectionString(`Endpoint=http://localhost:1;Port=8888;AccessKey=${KEY};Version=1.0-preview.2`);
    expect(replaced).toMatchObject({ audience: 'http://localhost/', serverUrl: 'http://localhost:8888/' });
  });

  it('has endpoints of their own for clients and servers, with a slash behind their paths', () => {
    const endpoint = parseServiceConnectionString(
      `Endpoint=https://a.example;AccessKey=${KEY};ClientEndpoint=https://c.example/cp;ServerEndpoint=http://s.example:81/sp/`,
    );
    expect(endpoint).toMatchObject({
      audience: 'https://a.example/',
      clientUrl: 'https://c.example/cp/',
      serverUrl: 'http://s.example:81/sp/',
    });
  });

  it.each([
    ['', 'has no Endpoint'],
    [`AccessKey=${KEY}`, 'has no Endpoint'],
    ['Endpoint=https://a.example', 'has no AccessKey'],
    ['Endpoint=https://a.example;AccessKey=', 'has no AccessKey'],
    [
      `Endpoint=ftp://a.example;AccessKey=${KEY}`,
      'has as its Endpoint something else than an http or https address without user and query',
    ],
    [`Endpoint=a.example;AccessKey=${KEY}`, 'has as its Endpoint something else'],
    [`Endpoint=https://a.example;AccessKey=${KEY};ClientEndpoint=nowhere`, 'has as its ClientEndpoint something else'],
    [`Endpoint=https://a.example;AccessKey=${KEY};Port=0`, "has the Port '0'"],
    [`Endpoint=https://a.example;AccessKey=${KEY};Port=65536`, "has the Port '65536'"],
    [`Endpoint=https://a.example;AccessKey=${KEY};Version=2.0`, "has the Version '2.0'"],
    [`Endpoint=https://a.example;AccessKey=${KEY};accessKey=${KEY}`, 'has a part 3 whose name came before'],
    [`Endpoint=https://a.example;AccessKey=x;${KEY.replaceAll('=', '')}`, "has a part 3 without a '='"],
  ])('%j is refused: it %s', (text, problem) => {
    expect(() => parseServiceConnectionString(text)).toThrow(expect.objectContaining({ code: 'SIGNALBOX_CONNECTION_STRING' }) as Error);
    expect(() => parseServiceConnectionString(text)).toThrow(problem);
    expect(() => parseServiceConnectionString(text)).not.toThrow('S3cret');
  });
});
