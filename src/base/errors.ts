import { fill, type FieldsIn } from './template.ts';

/**
 * Every coded error: what went wrong and where, and what to do about it. A `{field}` is filled in with what `codedError` is
 * told. A code is stable, its words are not; only a `verbatim` text is the whole message and stays, because it is the
 * reference server's and passes between servers of a farm. docs/errors.md is made of this table and kept equal to it by a test
 * (`npx vitest run --project fast test/base/errors.test.ts -u` writes it anew).
 */
export const errorTable = {
  SIGNALBOX_DUPLICATE_METHOD: {
    text: "The hub's methods '{first}' and '{second}' have the same remote name: case makes no difference to callers.",
    remedy: 'Rename one, by its property or its option name.',
  },
  SIGNALBOX_NOT_A_METHOD: {
    text: "The hub's methods.{name} is {given}, not a method.",
    remedy: 'Make it with method(…): only what is marked so can be called from outside.',
  },
  SIGNALBOX_NOT_A_VALIDATOR: {
    text: '{where} is {given}, not a validator.',
    remedy: 'Use a Standard Schema (zod, valibot, arktype, …), or streamOf one for a parameter that the caller streams.',
  },
  SIGNALBOX_RESERVED_NAME: {
    text: "The hub's client method '{name}' has a name that targets use themselves.",
    remedy: 'Rename it, or write it in another case where the client ignores case. An event can be sent by send(name, …).',
  },
  SIGNALBOX_MISSING_RESULTS_VALIDATOR: {
    text: "The hub has no validator for the client result '{name}'.",
    remedy: "Add one to the hub's results: what a client answers is outside input.",
  },
  SIGNALBOX_INVALID_OPTION: {
    text: 'The option {option} is {given}.',
    remedy: 'Expected {expected}.',
  },
  SIGNALBOX_INVALID_PATH: {
    text: "The path '{path}' can't be mapped: {reason}.",
    remedy: "Use one path for each hub or connection handler, beginning with '/', without a query.",
  },
  SIGNALBOX_KEYS_UNAVAILABLE: {
    text: "The key set at '{url}' can't be used: {reason}.",
    remedy: 'Make sure that the address is right and can be reached from here. Tokens that need it are answered with 503 until then.',
  },
  SIGNALBOX_ACCESS_KEY: {
    text: 'The access key {where} {problem}.',
    remedy:
      'A key is 32 to 1,024 printable ASCII characters without commas and semicolons. A key that was made for you is made anew when its file is deleted; app servers need the new one then.',
  },
  SIGNALBOX_HUB_NOT_MAPPED: {
    text: 'The hub {hub} is not mapped on this host.',
    remedy: 'Map it with signalr.map(path, hub) first.',
  },
  SIGNALBOX_PATH_NOT_MAPPED: {
    text: "Nothing is mapped at '{path}'.",
    remedy: 'Map a hub or a connection handler there first.',
  },
  SIGNALBOX_SERVER_CLOSED: {
    text: "The host is closed: {action} can't be done any more.",
    remedy: 'Do it before close(), or make a new SignalR.',
  },
  SIGNALBOX_BACKPLANE_CLOSED: {
    text: "The backplane is closed: {action} can't be done any more.",
    remedy: 'Close the host before its backplane, and stop sending when it closes.',
  },
  SIGNALBOX_UNKNOWN_CONNECTION: {
    text: "Connection '{connectionId}' does not exist.",
    remedy: 'Expect this of any connection id that is kept: clients leave, and come back under another id.',
    verbatim: true,
  },
  SIGNALBOX_CONNECTION_GONE: {
    text: "Connection '{connectionId}' disconnected.",
    remedy: 'Expect this of any client result: clients leave.',
    verbatim: true,
  },
  SIGNALBOX_CLIENT_RESULT_TIMEOUT: {
    text: "The connection '{connectionId}' did not answer '{method}' within {timeout} ms.",
    remedy: 'Expect this of any client, or wait longer: invokeWith takes a timeout.',
  },
  SIGNALBOX_REDIS_ADDRESS: {
    text: 'The address of Redis {what}.',
    remedy:
      'Give redis://user:password@host:port/database, rediss:// for TLS, a connection string of StackExchange.Redis with one endpoint, or a function that makes the client.',
  },
  SIGNALBOX_REDIS_UNAVAILABLE: {
    text: "Redis can't be reached: {action} failed.",
    remedy: 'The cause says why. The connection is made anew by itself; what was asked may or may not have been done.',
  },
  SIGNALBOX_REDIS_REFUSED: {
    text: 'Redis refused {action}: {reply}',
    remedy:
      'Look the reply up in the documentation of Redis. NOAUTH and NOPERM want another user or password, READONLY the primary, OOM more memory.',
  },
  SIGNALBOX_REDIS_OUTBOX: {
    text: 'A message for Redis is given up: {problem}.',
    remedy: 'Redis is away for long, or too slow. Send less, or raise maximumOutboxBytes and maximumOutboxAge.',
  },
  SIGNALBOX_GROUP_CHANGE_TIMEOUT: {
    text: "No server said within {timeout} ms that it changed the groups of connection '{connectionId}'.",
    remedy:
      'The server that has the connection is overloaded or gone. Change groups from the server that has the connection where you can.',
  },
  SIGNALBOX_BUS_FAILED: {
    text: 'The bus between the servers failed: {action}.',
    remedy: 'The cause says why. What was asked may or may not have been done; the bus decides whether it tries again.',
  },
  SIGNALBOX_SERVICE_MESSAGE: {
    text: 'A service message is malformed: in {message}, {field} {problem}.',
    remedy: 'Look for its sender: it is no official library, or something changes what it sends. The message is left out.',
  },
  SIGNALBOX_SERVICE_STREAM: {
    text: 'The stream of a server connection is broken: {problem}.',
    remedy: 'Nothing behind that can be read. Connect anew; where it is the size, send less at a time or raise the limit.',
  },
  SIGNALBOX_CONNECTION_STRING: {
    text: 'The connection string of the service {problem}.',
    remedy: 'Expected Endpoint=https://host;AccessKey=…;Version=1.0; as the service shows it.',
  },
  SIGNALBOX_CANT_CONNECT: {
    text: "The host can't be connected to a service: {reason}.",
    remedy: 'Call connect once, before the host is attached to a server, and leave the option backplane out.',
  },
  SIGNALBOX_SERVICE_UNAVAILABLE: {
    text: "The service can't be reached: {action} failed.",
    remedy: 'The log says why. Server connections are made anew by themselves; what was asked may or may not have been done.',
  },
  SIGNALBOX_SERVICE_TIMEOUT: {
    text: 'The service did not confirm within {timeout} ms: {action}.',
    remedy: 'It is overloaded, or the way to it is slow. What was asked may or may not have been done; ackTimeout says how long to wait.',
  },
  SIGNALBOX_SERVICE_REFUSED: {
    text: 'The service refused {action}: {reason}.',
    remedy: "Look into the service's log.",
  },
  SIGNALBOX_NOT_RELAYED: {
    text: "Connection '{connectionId}' did not come from the service.",
    remedy:
      'A host that is connected to a service serves hubs to clients that negotiate with it and are sent there: without skipNegotiation.',
  },
  SIGNALBOX_NOT_SERIALISABLE: {
    text: "{what} can't be written in a client's hub protocol: {reason}",
    remedy: 'Send plain data: no functions, symbols or cycles, and no BigInt beyond 2^53 over JSON.',
  },
} as const;

export type ErrorCode = keyof typeof errorTable;

/** What has to be told of an error of a code. */
export type ErrorFields<Code extends ErrorCode> = Readonly<Record<FieldsIn<(typeof errorTable)[Code]['text' | 'remedy']>, string | number>>;

/**
 * A failure that this package found, rather than its user's code or a client's. `code` says which, for programs;
 * `message` says what was wrong, where, and what to do. docs/errors.md lists them all.
 */
export class SignalboxError extends Error {
  override readonly name = 'SignalboxError';
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** Makes the error of a code. `fields` are what its texts name; `options` may hold the cause. */
export function codedError<Code extends ErrorCode>(code: Code, fields: ErrorFields<Code>, options?: ErrorOptions): SignalboxError {
  const entry = errorTable[code];
  const template = 'verbatim' in entry ? entry.text : `${entry.text} ${entry.remedy}`;
  return new SignalboxError(code, fill(template, fields), options);
}

/** What stands for an exception's type: the error's name, or its class's where it was given none. */
export function errorName(error: unknown): string {
  if (!(error instanceof Error)) return 'Error';
  return error.name === 'Error' ? error.constructor.name : error.name;
}

const MAX_SHOWN = 80;

/** A value in a few words, for the field of an error. Text is quoted and cut; what an object holds is not shown. */
export function describe(value: unknown): string {
  if (typeof value === 'string') return value.length > MAX_SHOWN ? `'${value.slice(0, MAX_SHOWN)}…'` : `'${value}'`;
  if (value === null || value === undefined || typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
