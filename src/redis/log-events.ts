import type { LogEvent } from '../base/log.ts';

/**
 * What the Redis backplane has to say to operators, in the words of ASP.NET Core 10.0.12 where it says the same. It has events for each message too,
 * at its finest level; here they would cost something for every message, looked at or not.
 */
export const redisEvents = {
  connectingToEndpoints: { id: 'redis.connecting-to-endpoints', level: 'info', text: 'Connecting to Redis endpoints.' },
  connected: { id: 'redis.connected', level: 'info', text: 'Connected to Redis.' },
  connectionRestored: { id: 'redis.connection-restored', level: 'info', text: 'Connection to Redis restored.' },
  connectionFailed: { id: 'redis.connection-failed', level: 'error', text: 'Connection to Redis failed.' },
  errorConnecting: { id: 'redis.error-connecting', level: 'error', text: 'Error connecting to Redis.' },
  internalMessageFailed: {
    id: 'redis.internal-message-failed',
    level: 'warn',
    text: 'Error processing message for internal server message.',
  },
  mismatchedServers: {
    id: 'redis.mismatched-servers',
    level: 'error',
    text: 'Received a client result for a protocol which is not supported by this server. All servers of a farm need the same protocols.',
  },
  errorForwardingResult: { id: 'redis.error-forwarding-result', level: 'error', text: 'Error forwarding client result to server.' },
  errorParsingResult: { id: 'redis.error-parsing-result', level: 'warn', text: 'Error parsing client result.' },
  subscribeRefused: { id: 'redis.subscribe-refused', level: 'error', text: 'Redis refused a subscription; it is asked again.' },
  publishFailed: {
    id: 'redis.publish-failed',
    level: 'warn',
    text: 'A message did not get to Redis. Further ones are not logged until one does.',
  },
  groupChangeFailed: {
    id: 'redis.group-change-failed',
    level: 'warn',
    text: 'A connection could not be put into a group, or taken out of it.',
  },
  foreignPayload: {
    id: 'redis.foreign-payload',
    level: 'warn',
    text: 'Something that no server of the farm would say came from Redis; it was dropped. Further ones of its kind are only counted.',
  },
  untranslatable: {
    id: 'redis.untranslatable',
    level: 'warn',
    text: 'A server of the farm does not write a hub protocol that this one offers, and its message could not be translated. Clients of that protocol missed it.',
  },
  keyIgnored: { id: 'redis.key-ignored', level: 'warn', text: 'A key of the connection string makes no difference here.' },
} as const satisfies Readonly<Record<string, LogEvent>>;
