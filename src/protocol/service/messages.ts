import { FlowControlOperation, FlowControlTarget } from './codes.ts';
import { extension } from './extension.ts';
import {
  flag,
  int32,
  looseText,
  mapOf,
  oneOf,
  optionalPayload,
  optionalText,
  orElse,
  pairsOf,
  payload,
  scalar,
  text,
  texts,
  wideInt32,
  type DefaultedField,
  type Field,
  type ValueOf,
} from './field.ts';

/** One kind of message: an array of its number and its items. */
interface Layout {
  readonly number: number;
  /** Who sends it. */
  readonly from: 'app server' | 'service' | 'both';
  /** The lengths that its array has had, oldest first. The last is written; of a length between two, what the shorter one has is read. */
  readonly forms: readonly number[];
  /** The items behind the number, in order. Those that the oldest form lacks have a fallback. */
  readonly items: Readonly<Record<string, Field<unknown>>>;
  /** Any number of items behind those, under this name. */
  readonly rest?: Readonly<Record<string, Field<unknown>>>;
  /** Whether the extension holds the item `protocol` once more. */
  readonly repeatsProtocol?: true;
}

/** Claims as they are in a token that has several of one type. */
const claims = pairsOf(text);
/** Names of HTTP headers, in any case, with their values. */
const headers = orElse(mapOf(texts), new Map());
/** A hub message, framed, by the name of the hub protocol. */
const payloads = mapOf(payload);
/** Counts with the app server that asks. */
const ackId = int32;
/**
 * Every message of the service protocol: what Microsoft.Azure.SignalR 1.34.0 and the service say to each other over a server connection.
 * Writer, reader, types and docs/service-protocol.md are made of this table.
 */
export const serviceMessages = {
  /** The first message of a server connection. `connectionType` is one of `ServerConnectionType`, `migrationLevel` of `MigrationLevel`. */
  handshakeRequest: {
    number: 1,
    from: 'app server',
    forms: [2, 4, 5, 6, 7],
    items: {
      version: int32,
      connectionType: orElse(int32, 0),
      target: orElse(looseText, ''),
      migrationLevel: orElse(int32, 0),
      extension,
      allowStatefulReconnects: orElse(flag, false),
    },
  },
  /** Its answer: the connection is accepted where `error` is empty or nil. */
  handshakeResponse: {
    number: 2,
    from: 'service',
    forms: [2, 3, 4],
    items: { error: optionalText, extension, connectionId: orElse(optionalText, null) },
  },
  /** Keys and values by turns, in `entries`; `pingValue` looks one up. Without any, it keeps the connection alive. */
  ping: { number: 3, from: 'both', forms: [1], items: {}, rest: { entries: optionalText } },
  /** A client has come. `extension.protocol` is its hub protocol. */
  openConnection: {
    number: 4,
    from: 'service',
    forms: [3, 5, 6],
    items: { connectionId: text, claims, headers, queryString: orElse(optionalText, ''), extension },
  },
  /** A client has gone, or has to go. */
  closeConnection: { number: 5, from: 'both', forms: [3, 4, 5], items: { connectionId: text, error: looseText, headers, extension } },
  /** Bytes of a client, or for it. */
  connectionData: { number: 6, from: 'both', forms: [3, 4], items: { connectionId: text, payload, extension } },
  /** A hub message for connections. */
  multiConnectionData: { number: 7, from: 'app server', forms: [3, 4], items: { connectionIds: texts, payloads, extension } },
  /** A hub message for a user. */
  userData: { number: 8, from: 'app server', forms: [3, 4], items: { userId: text, payloads, extension } },
  /** A hub message for users. */
  multiUserData: { number: 9, from: 'app server', forms: [3, 4], items: { userIds: texts, payloads, extension } },
  /** A hub message for everyone but the connections in `excluded`. */
  broadcastData: { number: 10, from: 'app server', forms: [3, 4], items: { excluded: texts, payloads, extension } },
  /** Puts a connection into a group. */
  joinGroup: { number: 11, from: 'app server', forms: [3, 4], items: { connectionId: text, group: text, extension } },
  /** Takes a connection out of a group, or of all without one. */
  leaveGroup: { number: 12, from: 'app server', forms: [3, 4], items: { connectionId: text, group: optionalText, extension } },
  /** A hub message for a group, but for the connections and users that are excluded. */
  groupBroadcastData: {
    number: 13,
    from: 'app server',
    forms: [4, 5, 7],
    items: {
      group: text,
      excluded: texts,
      payloads,
      extension,
      excludedUserIds: orElse<readonly string[]>(texts, []),
      callerUserId: orElse(optionalText, null),
    },
  },
  /** A hub message for groups. */
  multiGroupBroadcastData: { number: 14, from: 'app server', forms: [3, 4], items: { groups: texts, payloads, extension } },
  /** What is wrong with this server connection, which ends. */
  serviceError: { number: 15, from: 'service', forms: [2], items: { message: optionalText } },
  /** Puts all connections of a user into a group, those to come within `extension.ttl` included. */
  userJoinGroup: { number: 16, from: 'app server', forms: [3, 4], items: { userId: text, group: text, extension } },
  /** Takes all connections of a user out of a group, or of all without one. */
  userLeaveGroup: { number: 17, from: 'app server', forms: [3, 4], items: { userId: text, group: optionalText, extension } },
  /** Puts a connection into a group. */
  joinGroupWithAck: { number: 18, from: 'app server', forms: [4, 5], items: { connectionId: text, group: text, ackId, extension } },
  /** Takes a connection out of a group, or of all without one. */
  leaveGroupWithAck: {
    number: 19,
    from: 'app server',
    forms: [4, 5],
    items: { connectionId: text, group: optionalText, ackId, extension },
  },
  /** The answer to any message with an `ackId`. `status` is one of `AckStatus`. */
  ack: {
    number: 20,
    from: 'service',
    forms: [4, 5, 6],
    items: { ackId, status: int32, message: optionalText, extension, payload: orElse(optionalPayload, null) },
  },
  /** Is a connection of the user in the group? */
  checkUserInGroupWithAck: { number: 21, from: 'app server', forms: [4, 5], items: { userId: text, group: text, ackId, extension } },
  /** For the app server's log. `objectType` is one of `ServiceEventObject`, `kind` of `ServiceEventKind`. */
  serviceEvent: {
    number: 22,
    from: 'service',
    forms: [6],
    items: { objectType: int32, objectId: optionalText, kind: int32, message: optionalText, extension },
  },
  /** Is there a connection in the group? */
  checkGroupExistenceWithAck: { number: 23, from: 'app server', forms: [4], items: { group: text, ackId, extension } },
  /** Is the connection there? */
  checkConnectionExistenceWithAck: { number: 24, from: 'app server', forms: [4], items: { connectionId: text, ackId, extension } },
  /** Has the user a connection? */
  checkUserExistenceWithAck: { number: 25, from: 'app server', forms: [4], items: { userId: text, ackId, extension } },
  /** Puts all connections of a user into a group, those to come within `extension.ttl` included. */
  userJoinGroupWithAck: { number: 26, from: 'app server', forms: [5], items: { userId: text, group: text, ackId, extension } },
  /** Takes all connections of a user out of a group, or of all without one. */
  userLeaveGroupWithAck: { number: 27, from: 'app server', forms: [5], items: { userId: text, group: optionalText, ackId, extension } },
  /** Asks for a key to sign clients' tokens with, where app servers have none. */
  accessKeyRequest: { number: 28, from: 'app server', forms: [4], items: { token: optionalText, keyId: optionalText, extension } },
  /** The key, or why there is none. */
  accessKeyResponse: {
    number: 29,
    from: 'service',
    forms: [6],
    items: { keyId: optionalText, accessKey: optionalText, errorType: optionalText, errorMessage: optionalText, extension },
  },
  /** Closes a connection. */
  closeConnectionWithAck: {
    number: 30,
    from: 'app server',
    forms: [4, 5],
    items: { connectionId: text, reason: optionalText, ackId, extension },
  },
  /** Closes all connections but those in `excluded`. */
  closeConnectionsWithAck: {
    number: 31,
    from: 'app server',
    forms: [4, 5],
    items: { reason: optionalText, ackId, excluded: texts, extension },
  },
  /** Closes the connections of a user but those in `excluded`. */
  closeUserConnectionsWithAck: {
    number: 32,
    from: 'app server',
    forms: [5, 6],
    items: { userId: text, reason: optionalText, ackId, excluded: texts, extension },
  },
  /** Closes the connections of a group but those in `excluded`. */
  closeGroupConnectionsWithAck: {
    number: 33,
    from: 'app server',
    forms: [5, 6],
    items: { group: text, reason: optionalText, ackId, excluded: texts, extension },
  },
  /** Asks a client for a result. */
  clientInvocation: {
    number: 34,
    from: 'both',
    forms: [6],
    items: { invocationId: text, connectionId: text, callerServerId: text, payloads, extension },
  },
  /** What the client answered. `senderServerId` sends this; without a payload, it only needs no answer any more. */
  clientCompletion: {
    number: 35,
    from: 'both',
    forms: [7],
    items: { invocationId: text, connectionId: text, senderServerId: text, protocol: optionalText, payload, extension },
    repeatsProtocol: true,
  },
  /** The client can't answer. */
  errorCompletion: {
    number: 36,
    from: 'both',
    forms: [6],
    items: { invocationId: text, connectionId: text, callerServerId: text, error: optionalText, extension },
  },
  /** Which instance of the service has the client that was asked. */
  serviceMapping: {
    number: 37,
    from: 'service',
    forms: [5],
    items: { invocationId: text, connectionId: text, instanceId: text, extension },
  },
  /** The client has come back to its stateful connection. */
  connectionReconnect: { number: 38, from: 'service', forms: [3], items: { connectionId: text, extension } },
  /** `target` is one of `FlowControlTarget`, `operation` of `FlowControlOperation`; the official writer uses five bytes for each. */
  connectionFlowControl: {
    number: 39,
    from: 'both',
    forms: [4, 5],
    items: {
      connectionId: text,
      target: oneOf(FlowControlTarget, wideInt32),
      operation: oneOf(FlowControlOperation, wideInt32),
      extension,
    },
  },
  /**
   * Asks for the connections of a group. `query` is the largest number of them and a continuation token; 1.34.0 has two numbers, whose order
   * was not seen.
   */
  groupMemberQuery: { number: 40, from: 'app server', forms: [4], items: { extension, group: text, ackId }, rest: { query: scalar } },
} as const satisfies Readonly<Record<string, Layout>>;

type ServiceMessages = typeof serviceMessages;

/** The name of a kind of message. */
export type ServiceMessageType = keyof ServiceMessages;

type ItemsOf<T extends ServiceMessageType> = ServiceMessages[T]['items'];
type DefaultedOf<T extends ServiceMessageType> = {
  [Name in keyof ItemsOf<T>]: ItemsOf<T>[Name] extends DefaultedField<unknown> ? Name : never;
}[keyof ItemsOf<T>];
type RestOf<T extends ServiceMessageType> = ServiceMessages[T] extends { readonly rest: infer Rest }
  ? { readonly [Name in keyof Rest]: readonly ValueOf<Rest[Name]>[] }
  : object;

/** A message of one kind, as it is read. */
export type ServiceMessageOf<T extends ServiceMessageType> = {
  readonly type: T;
} & { readonly [Name in keyof ItemsOf<T>]: ValueOf<ItemsOf<T>[Name]> } & RestOf<T>;

/** The same to be written: what has a fallback can be left out. */
export type OutgoingServiceMessageOf<T extends ServiceMessageType> = {
  readonly type: T;
} & { readonly [Name in Exclude<keyof ItemsOf<T>, DefaultedOf<T>>]: ValueOf<ItemsOf<T>[Name]> } & {
  readonly [Name in DefaultedOf<T>]?: ValueOf<ItemsOf<T>[Name]>;
} & RestOf<T>;

export type ServiceMessage = { [T in ServiceMessageType]: ServiceMessageOf<T> }[ServiceMessageType];
export type OutgoingServiceMessage = { [T in ServiceMessageType]: OutgoingServiceMessageOf<T> }[ServiceMessageType];

/** The table for the codec, which knows of no message in particular. */
export const layouts: Readonly<Record<string, Layout>> = serviceMessages;
