import { clusterOptions } from '../cluster/options.ts';
import { meteringOptions } from '../metering/options.ts';
import { serviceLimitOptions } from './limit-options.ts';
import { bytes, count, flag, milliseconds, orNull, type Given, type Settings } from '../base/option-table.ts';

/**
 * How the service treats app servers and clients. Types, the check of what is given, and docs/service-options.md are made of this table.
 */
export const serviceOptions = {
  /**
   * Milliseconds in which a client has to say which hub protocol it speaks, and then its app server to answer, unless the client's token says
   * otherwise (`asrs.s.cht`). Default 15,000.
   */
  handshakeTimeout: milliseconds(15_000),
  /** Bytes of a client's handshake request, past which it is refused. Default 4,096. */
  maximumHandshakeSize: bytes(4_096),
  /**
   * Bytes that are held back for a client until its app server has answered its handshake, past which it is closed. Default 1,048,576.
   */
  maximumHeldBytes: bytes(1_048_576),
  /**
   * Bytes sent to a client with stateful reconnect and not yet acknowledged by it above which its app server is told to pause. Default 100,000.
   */
  statefulReconnectBufferSize: bytes(100_000),
  /**
   * Bytes of the largest message of a client with stateful reconnect that comes in several WebSocket messages: it is passed on when it is
   * whole. A larger one closes the connection. Default 16,777,216.
   */
  maximumStatefulMessageSize: bytes(16_777_216),
  /** Groups that one connection can be in; an app server that asks for more gets the ack 5, forbidden. Default 10,000. */
  maximumGroupsPerConnection: count(10_000),
  /**
   * Characters of the longest name that an app server may give a group, of the user that it puts into one, and of the id of a client result: longer
   * ones are refused, as names are kept. The REST API of the Azure SignalR Service has the same limit for groups. Default 1,024.
   */
  maximumNameLength: count(1_024),
  /** Groups that users of one hub can be in ahead of their connections. Default 1,000,000. */
  maximumUserGroups: count(1_000_000),
  /** Client results that may be awaited at a time of the clients of one hub. Default 100,000. */
  maximumPendingResults: count(100_000),
  /**
   * Milliseconds that the question for a client result waits before the client gets it, where Microsoft.Azure.SignalR asks: that sends its question
   * before it knows of it, and takes no answer that comes sooner, as it can from a service nearby. Null: it does not wait. Default 20.
   */
  clientResultDelay: orNull(milliseconds(20), 20),
  /** Milliseconds after which a client result is given up. Default 600,000. */
  clientResultTimeout: milliseconds(600_000),
  /**
   * Clients on every server connection of an app server at which it is asked for one more; null: it never is. Default 1,000.
   */
  clientsPerServerConnection: orNull(count(1_000), 1_000),
  /** Server connections of one app server for one hub past which it is not asked for more. Default 25. */
  maximumServerConnections: count(25),
  /**
   * Whether a client's header `X-Forwarded-For` is believed, because a proxy in front writes it; else it is replaced by the address that the
   * client's socket has. Default false.
   */
  trustForwardedFor: flag(false),
  /** Milliseconds in which an app server has to send its handshake request. Default 15,000. */
  serverHandshakeTimeout: milliseconds(15_000),
  /** Milliseconds between two pings of a server connection: app servers give up after 30,000 without any. Default 5,000. */
  serverPingInterval: milliseconds(5_000),
  /** Milliseconds of silence after which a server connection is given up. Default 30,000. */
  serverTimeout: milliseconds(30_000),
  /** Bytes of the largest message of an app server. Default 134,217,728. */
  maximumServerMessageSize: bytes(134_217_728),
  /** Malformed messages that a server connection may send before it is closed. Default 100. */
  maximumMalformedMessages: count(100),
  /** Bytes waiting for an app server above which its clients are not read. Default 1,048,576. */
  serverBufferSize: bytes(1_048_576),
  /** Bytes waiting for an app server at which its connection is cut. Default 134,217,728. */
  maximumServerQueuedBytes: bytes(134_217_728),
  /**
   * Milliseconds that a client's calls may take before it is moved from an app server that leaves; what is not answered by then
   * ends with an error. Default 10,000.
   */
  migrationTimeout: milliseconds(10_000),
  /**
   * Bytes of new calls that wait while a client is moved, past which it is not read until it was; streams that it uploads to calls that run wait
   * then, too. Default 1,048,576.
   */
  maximumMigrationBytes: bytes(1_048_576),
  /** Calls of one client that are waited for when it is to be moved; any more are not waited for. Default 10,000. */
  maximumAwaitedCalls: count(10_000),
  /**
   * Connections that make a full load, of clients and app servers together: the metric `ConnectionQuotaUtilization` is said of it, and nobody is turned
   * away, which is for `limits.service.connections`. Null: no such metric. Default null.
   */
  quota: orNull(count(1_000), null),
  /** How much is taken in. */
  limits: serviceLimitOptions,
  /** What is counted. */
  metering: meteringOptions,
  /** How the nodes of a service with a bus meet. */
  nodes: clusterOptions,
};

export type ServiceSettings = Settings<typeof serviceOptions>;
export type GivenServiceOptions = Given<typeof serviceOptions>;
