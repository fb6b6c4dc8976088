import type { HubProtocol } from '../protocol/hub/hub-protocol.ts';
import { JsonHubProtocol } from '../protocol/hub/json.ts';
import { MessagePackHubProtocol } from '../protocol/hub/messagepack.ts';
import { MessageType } from '../protocol/hub/message.ts';
import { readJsonHead, readMessagePackHead, type RecordHeadReader } from '../protocol/hub/record-head.ts';
import { findRecord } from '../base/messagepack/length-prefix.ts';

/** How messages of a hub protocol follow each other: behind separators, or behind their lengths. */
export type RecordFraming = 'separator' | 'length';

/** What the service knows of a hub protocol that clients speak. Messages are relayed as they are; the few of its own are written with `hub`. */
export interface RelayedProtocol {
  readonly protocol: HubProtocol;
  /** Undefined for one that is not known: its bytes are relayed as they come. */
  readonly framing: RecordFraming | undefined;
  /** What a message is, given with its separator or its length; undefined where there is no way to tell. */
  readonly head: RecordHeadReader | undefined;
  /** A close message after which clients may come back, or not; undefined where none can be written. */
  close(error: string | undefined, allowReconnect: boolean): string | Uint8Array | undefined;
}

const span = { start: 0, end: 0 };
const heads: Readonly<Record<RecordFraming, RecordHeadReader>> = {
  separator: (bytes, start, end) => readJsonHead(bytes, start, end - 1),
  length: (bytes, start, end) => {
    findRecord(bytes, start, 0, span);
    return readMessagePackHead(bytes, span.start, end);
  },
};

function known(protocol: HubProtocol, framing: RecordFraming): RelayedProtocol {
  return {
    protocol,
    framing,
    head: heads[framing],
    close: (error, allowReconnect) => protocol.write({ type: MessageType.close, error, allowReconnect: allowReconnect || undefined }),
  };
}

const messagePack = new MessagePackHubProtocol();
/** Blazor's is MessagePack's, with fewer kinds of values. */
const blazor: HubProtocol = {
  name: 'blazorpack',
  version: messagePack.version,
  format: 'binary',
  parse: (bytes, start, limit, sink) => messagePack.parse(bytes, start, limit, sink),
  write: (message) => messagePack.write(message),
};

const protocols: ReadonlyMap<string, RelayedProtocol> = new Map(
  [known(new JsonHubProtocol(), 'separator'), known(messagePack, 'length'), known(blazor, 'length')].map((entry) => [
    entry.protocol.name,
    entry,
  ]),
);

/** The protocol of a name that a client asks for, in any case. One that is not known here may be known to the app server. */
export function relayedProtocol(name: string): RelayedProtocol {
  const lower = name.toLowerCase();
  return protocols.get(lower) ?? { protocol: foreign(name), framing: undefined, head: undefined, close: () => undefined };
}

/** Nothing of it is ever written or read here. */
function foreign(name: string): HubProtocol {
  const unknown = (): never => {
    throw new TypeError(`The service does not speak the hub protocol ${name}.`);
  };
  return { name, version: 1, format: 'binary', parse: unknown, write: unknown };
}
