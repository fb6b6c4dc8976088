import type { ConnectionRequest, TransferFormat, TransportName } from '../transport/connection.ts';
import type { Features } from '../transport/features.ts';
import type { Claims } from './claims.ts';
import type { CallerClients, CallerGroups } from './targets.ts';

/** What a hub's code knows about the connection it runs for. Made to be destructured: no member needs `this`. */
export interface HubContext<Client = unknown, User = Claims> {
  readonly clients: CallerClients<Client>;
  readonly groups: CallerGroups;
  readonly connectionId: string;
  /** Undefined for an anonymous connection. */
  readonly userId: string | undefined;
  /** What `authenticate` made of the request, or of a later one that renewed it. Undefined for an anonymous connection. */
  readonly user: User | undefined;
  /** Values kept as long as the connection lives. */
  readonly items: Items;
  /** Aborted when the connection ends; in a stream, and in a method that is `cancellable`, also when the caller cancels the call. */
  readonly signal: AbortSignal;
  /** Ends the connection at once, for good. With a reason, it is what `disconnected` gets; the client reads the text of a `HubError`. */
  readonly abort: (reason?: Error) => void;
  /** The HTTP request that opened the connection. */
  readonly request: ConnectionRequest;
  /** What the option `features` has kept of that request. */
  readonly features: Features;
  readonly transport: TransportName;
  /** The hub protocol that the client speaks. */
  readonly protocol: AgreedProtocol;
}

/** What a client and its hub agreed on in the handshake. */
export interface AgreedProtocol {
  /** As the protocol writes it: `json`. */
  readonly name: string;
  /** The version that the client asked for. From 2 on it may reconnect to its state. */
  readonly version: number;
  readonly format: TransferFormat;
}

/** The name of an item together with its type: `const nick = itemKey<string>('nick')`. Two keys of one name are one item. */
export interface ItemKey<Value> {
  readonly name: string;
  /** For the type checker only; never set. */
  readonly '~value'?: Value | undefined;
}

/** Makes the key of an item of a connection. Keep it in a constant that everyone who uses the item imports. */
export function itemKey<Value>(name: string): ItemKey<Value> {
  return Object.freeze({ name });
}

/** The items of a connection, typed by their keys. */
export interface Items {
  get<Value>(key: ItemKey<Value>): Value | undefined;
  set<Value>(key: ItemKey<Value>, value: NoInfer<Value>): void;
  has(key: ItemKey<unknown>): boolean;
  /** Returns whether there was one. */
  delete(key: ItemKey<unknown>): boolean;
}
