import { afterAll, beforeAll } from 'vitest';
import { silent } from '../../src/base/log.ts';
import { startHost } from '../conformance-host/host.ts';

/** Another server of the same surface to be checked, such as the reference; without it, a host of this project is started. */
export const elsewhere = process.env['CONFORMANCE_URL'];

export type Sent = Readonly<Record<string, string>>;

export interface Target {
  /** The server's origin. Empty until the tests run. */
  readonly url: string;
  /** Sends a request as it is: no redirect is followed. */
  readonly ask: (method: string, path: string, headers?: Sent, body?: string) => Promise<Response>;
}

/** What the tests of a file are run against, for as long as they run. */
export function conformanceTarget(): Target {
  let url = elsewhere ?? '';
  if (elsewhere === undefined) {
    beforeAll(async () => {
      const host = await startHost(0, silent);
      url = host.url;
      afterAll(() => host.close());
    });
  }
  return {
    get url() {
      return url;
    },
    ask: (method, path, headers = {}, body) =>
      fetch(url + path, { method, headers, redirect: 'manual', ...(body !== undefined && { body }) }),
  };
}
