import { isIP } from 'node:net';
import type { Setting } from './setting.ts';

const HIGHEST_PORT = 65_535;
/** A name or an address, without a port: what is behind a colon would be ignored without a word. */
const NAME = /^[\w-]+(?:\.[\w-]+)*\.?$/;

/** An hour, in milliseconds. */
const LONGEST_PERIOD = 3_600_000;
const PERIOD = `a whole number of milliseconds from 0 to ${LONGEST_PERIOD}`;

/** Who is shown the status page. */
export type StatusPageAudience = 'local' | 'everyone' | 'nobody';

const audiences: readonly StatusPageAudience[] = ['local', 'everyone', 'nobody'];

/** The settings of `signalbox serve`. */
export const serveSettings = {
  port: {
    flag: 'port',
    variable: 'SIGNALBOX_PORT',
    placeholder: '<number>',
    about: 'the port to listen on; 0 picks a free one',
    byDefault: '8888',
    allowed: `a whole number from 0 to ${HIGHEST_PORT}`,
    parse: (text) => (/^\d{1,5}$/.test(text) && Number(text) <= HIGHEST_PORT ? Number(text) : undefined),
  } satisfies Setting<number>,
  host: {
    flag: 'host',
    variable: 'SIGNALBOX_HOST',
    placeholder: '<address>',
    about: 'the address to listen on; others than loopback need a key of your own',
    byDefault: '127.0.0.1',
    allowed: 'an address of this machine, or its name, without a port',
    parse: (text) => (isIP(text) > 0 || NAME.test(text) ? text : undefined),
  } satisfies Setting<string>,
  data: {
    flag: 'data',
    variable: 'SIGNALBOX_DATA',
    placeholder: '<directory>',
    about: 'where the access key is kept that is made where none is given',
    byDefault: '.signalbox',
    allowed: 'the path of a directory',
    parse: pathOf,
  } satisfies Setting<string>,
  accessKeyFile: {
    flag: 'access-key-file',
    variable: 'SIGNALBOX_ACCESS_KEY_FILE',
    placeholder: '<file>',
    about: 'a file with access keys of your own, one on each line; all of them count',
    allowed: 'the path of a file',
    parse: pathOf,
  } satisfies Setting<string>,
  accessKey: {
    variable: 'SIGNALBOX_ACCESS_KEY',
    placeholder: '<key>[,<key>…]',
    about: 'access keys of your own; only in the environment, as others can read command lines',
    allowed: 'keys',
    parse: (text) => text,
  } satisfies Setting<string>,
  statusPage: {
    flag: 'status-page',
    variable: 'SIGNALBOX_STATUS_PAGE',
    placeholder: audiences.join('|'),
    about: 'who is shown the status page',
    byDefault: 'local',
    allowed: audiences.join(', '),
    parse: (text) => audiences.find((audience) => audience === text),
  } satisfies Setting<StatusPageAudience>,
  trustForwardedFor: {
    flag: 'trust-forwarded-for',
    switch: true,
    variable: 'SIGNALBOX_TRUST_FORWARDED_FOR',
    placeholder: 'true|false',
    about: "whether clients' X-Forwarded-For is believed, because a proxy in front writes it: app servers are told the address in it",
    byDefault: 'false',
    allowed: 'true, false',
    parse: (text) => (text === 'true' || text === 'false' ? text === 'true' : undefined),
  } satisfies Setting<boolean>,
  shutdownDelay: {
    flag: 'shutdown-delay',
    variable: 'SIGNALBOX_SHUTDOWN_DELAY',
    placeholder: '<milliseconds>',
    about: 'how long everybody is still let in when it is to stop, while /readyz says so: the time that a load balancer takes to notice',
    byDefault: '0',
    allowed: PERIOD,
    parse: periodOf,
  } satisfies Setting<number>,
  shutdownTimeout: {
    flag: 'shutdown-timeout',
    variable: 'SIGNALBOX_SHUTDOWN_TIMEOUT',
    placeholder: '<milliseconds>',
    about: 'how long clients and app servers then have to take their leave',
    byDefault: '8000',
    allowed: PERIOD,
    parse: periodOf,
  } satisfies Setting<number>,
  shutdownSpread: {
    flag: 'shutdown-spread',
    variable: 'SIGNALBOX_SHUTDOWN_SPREAD',
    placeholder: '<milliseconds>',
    about: 'over how long clients are told to come back; fewer than 200 a second are told sooner',
    byDefault: '5000',
    allowed: PERIOD,
    parse: periodOf,
  } satisfies Setting<number>,
};

function periodOf(text: string): number | undefined {
  return /^\d{1,7}$/.test(text) && Number(text) <= LONGEST_PERIOD ? Number(text) : undefined;
}

function pathOf(text: string): string | undefined {
  return text === '' || text.includes('\0') ? undefined : text;
}
