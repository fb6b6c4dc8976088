import { isIP } from 'node:net';
import type { LogLevel } from '../base/log.ts';
import { optionSettings } from './option-settings.ts';
import type { LogFormat } from './service-log.ts';
import type { Setting, SettingTable } from './setting.ts';

const HIGHEST_PORT = 65_535;
/** A name or an address, without a port: what is behind a colon would be ignored without a word. */
const NAME = /^[\w-]+(?:\.[\w-]+)*\.?$/;

/** An hour, in milliseconds. */
const LONGEST_PERIOD = 3_600_000;
const PERIOD = `a whole number of milliseconds from 0 to ${LONGEST_PERIOD}`;

/** Who is shown the status page, or the metrics. */
export type StatusPageAudience = 'local' | 'everyone' | 'nobody';

const audiences: readonly StatusPageAudience[] = ['local', 'everyone', 'nobody'];

const formats: readonly LogFormat[] = ['text', 'json'];
const levels: readonly LogLevel[] = ['debug', 'info', 'warn', 'error'];

/** The settings of `signalbox serve` that are its own. In the file they have these names. */
export const serveSettings = {
  config: {
    flag: 'config',
    variable: 'SIGNALBOX_CONFIG',
    placeholder: '<file>',
    about: 'a file with settings, in JSON; signalbox config --file prints one',
    allowed: 'the path of a file',
    notInFile: true,
    parse: pathOf,
  } satisfies Setting<string>,
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
    about: 'where the service keeps what it counts, and the access key that it makes where none is given',
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
    reloads: true,
    parse: pathOf,
  } satisfies Setting<string>,
  accessKey: {
    variable: 'SIGNALBOX_ACCESS_KEY',
    placeholder: '<key>[,<key>…]',
    about: 'access keys of your own; not on the command line, which others can read',
    allowed: 'keys, in the file also as a list',
    reloads: true,
    secret: true,
    parse: (text) => text,
    take: keysOf,
  } satisfies Setting<string>,
  tlsCert: {
    flag: 'tls-cert',
    variable: 'SIGNALBOX_TLS_CERT',
    placeholder: '<file>',
    about: 'a PEM file with the certificate for TLS, and those between it and its root; with it the service speaks https only',
    allowed: 'the path of a file',
    reloads: true,
    parse: pathOf,
  } satisfies Setting<string>,
  tlsKey: {
    flag: 'tls-key',
    variable: 'SIGNALBOX_TLS_KEY',
    placeholder: '<file>',
    about: "a PEM file with the certificate's private key",
    allowed: 'the path of a file',
    reloads: true,
    parse: pathOf,
  } satisfies Setting<string>,
  logLevel: {
    flag: 'log-level',
    variable: 'SIGNALBOX_LOG_LEVEL',
    placeholder: levels.join('|'),
    about: 'the least that is logged, to standard error',
    byDefault: 'info',
    allowed: levels.join(', '),
    reloads: true,
    parse: (text) => levels.find((level) => level === text),
  } satisfies Setting<LogLevel>,
  logFormat: {
    flag: 'log-format',
    variable: 'SIGNALBOX_LOG_FORMAT',
    placeholder: formats.join('|'),
    about: 'how it is logged: a line of text for each event, or one of JSON',
    byDefault: 'text',
    allowed: formats.join(', '),
    reloads: true,
    parse: (text) => formats.find((format) => format === text),
  } satisfies Setting<LogFormat>,
  statusPage: {
    flag: 'status-page',
    variable: 'SIGNALBOX_STATUS_PAGE',
    placeholder: audiences.join('|'),
    about: 'who is shown the status page',
    byDefault: 'local',
    allowed: audiences.join(', '),
    reloads: true,
    parse: (text) => audiences.find((audience) => audience === text),
  } satisfies Setting<StatusPageAudience>,
  metrics: {
    flag: 'metrics',
    variable: 'SIGNALBOX_METRICS',
    placeholder: audiences.join('|'),
    about: 'who is shown the metrics for Prometheus, at /metrics',
    byDefault: 'local',
    allowed: audiences.join(', '),
    reloads: true,
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
    reloads: true,
    parse: (text) => (text === 'true' || text === 'false' ? text === 'true' : undefined),
  } satisfies Setting<boolean>,
  shutdownDelay: {
    flag: 'shutdown-delay',
    variable: 'SIGNALBOX_SHUTDOWN_DELAY',
    placeholder: '<milliseconds>',
    about: 'how long everybody is still let in when it is to stop, while /readyz says so: the time that a load balancer takes to notice',
    byDefault: '0',
    allowed: PERIOD,
    reloads: true,
    parse: periodOf,
  } satisfies Setting<number>,
  shutdownTimeout: {
    flag: 'shutdown-timeout',
    variable: 'SIGNALBOX_SHUTDOWN_TIMEOUT',
    placeholder: '<milliseconds>',
    about: 'how long clients and app servers then have to take their leave',
    byDefault: '8000',
    allowed: PERIOD,
    reloads: true,
    parse: periodOf,
  } satisfies Setting<number>,
  shutdownSpread: {
    flag: 'shutdown-spread',
    variable: 'SIGNALBOX_SHUTDOWN_SPREAD',
    placeholder: '<milliseconds>',
    about: 'over how long clients are told to come back; fewer than 200 a second are told sooner',
    byDefault: '5000',
    allowed: PERIOD,
    reloads: true,
    parse: periodOf,
  } satisfies Setting<number>,
};

function periodOf(text: string): number | undefined {
  return /^\d{1,7}$/.test(text) && Number(text) <= LONGEST_PERIOD ? Number(text) : undefined;
}

function pathOf(text: string): string | undefined {
  return text === '' || text.includes('\0') ? undefined : text;
}

/** A list of keys is as good as one text with commas. */
function keysOf(value: unknown): string | undefined {
  const keys: readonly unknown[] = Array.isArray(value) ? value : [value];
  return keys.every((key) => typeof key === 'string') ? keys.join(',') : undefined;
}

/** All that can be set: the command's own settings, and the options of the service, `service.…` and `clients.…`. */
export const allSettings: typeof serveSettings & SettingTable = { ...serveSettings, ...optionSettings };
