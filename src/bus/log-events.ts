import type { LogEvent } from '../base/log.ts';

/** What the backplane over a bus has to say to operators. */
export const busEvents = {
  publishFailed: {
    id: 'bus.publish-failed',
    level: 'warn',
    name: 'PublishFailed',
    text: 'The bus did not take a message. Further ones are not logged until it takes one.',
    about: 'The error says why.',
  },
  subscribeFailed: {
    id: 'bus.subscribe-failed',
    level: 'error',
    name: 'SubscribeFailed',
    text: 'This server does not hear the others. It tries again.',
    about: 'New clients are refused meanwhile, and told that they may come back.',
  },
  groupChangeFailed: {
    id: 'bus.group-change-failed',
    level: 'warn',
    name: 'GroupChangeFailed',
    text: 'A connection could not be put into a group, or taken out of it.',
    about: 'The bus failed, or another server has the connection and did not say that it was done.',
  },
  foreignMessage: {
    id: 'bus.foreign-message',
    level: 'warn',
    name: 'ForeignMessage',
    text: 'Something came over the bus that no server of the farm would say. It was dropped. Further ones are only counted.',
    about: 'Somebody else publishes below the prefix, or a server of another version.',
  },
  messageFailed: {
    id: 'bus.message-failed',
    level: 'warn',
    name: 'MessageFailed',
    text: 'A message of another server could not be processed.',
    about: 'Those behind it are.',
  },
  untranslatable: {
    id: 'bus.untranslatable',
    level: 'warn',
    name: 'Untranslatable',
    text: 'A server of the farm does not write the hub protocol {protocol}, and its message could not be translated. Clients of that protocol missed it.',
    about: 'All servers of a farm need the same hub protocols.',
  },
  unreadableAnswer: {
    id: 'bus.unreadable-answer',
    level: 'warn',
    name: 'UnreadableAnswer',
    text: "A client result in the hub protocol '{protocol}' can't be read.",
    about: 'Who asked for it waits to the end of the time-out. All servers of a farm need the same hub protocols.',
  },
} as const satisfies Readonly<Record<string, LogEvent>>;
