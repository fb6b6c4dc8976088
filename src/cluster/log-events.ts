import type { LogEvent } from '../base/log.ts';

/** What the nodes of a service have to say to operators about each other. */
export const clusterEvents = {
  nodeJoined: {
    id: 'cluster.node-joined',
    level: 'info',
    name: 'NodeJoined',
    text: "Node '{node}' is there.",
    about: 'It has just started, or can be reached again.',
  },
  nodeLeft: {
    id: 'cluster.node-left',
    level: 'warn',
    name: 'NodeLeft',
    text: "Node '{node}' is gone ({reason}).",
    about:
      'It said so, was silent for `nodes.nodeTimeout`, or something between it and this node was lost. Clients of the one that are served by app servers of the other are closed, and may come back.',
  },
  messagesMissed: {
    id: 'cluster.messages-missed',
    level: 'warn',
    name: 'MessagesMissed',
    text: "Messages of node '{node}' did not arrive: {missing} on '{subject}'.",
    about: 'The bus lost them. What the two nodes have of each other is void, and both begin anew.',
  },
  publishFailed: {
    id: 'cluster.publish-failed',
    level: 'warn',
    name: 'PublishFailed',
    text: "The bus did not take a message for '{subject}'. Further ones are not logged until it takes one.",
    about: 'The error says why. Whom it was for is told of the loss.',
  },
  subscribeFailed: {
    id: 'cluster.subscribe-failed',
    level: 'error',
    name: 'SubscribeFailed',
    text: "This node does not hear '{subject}'. It tries again.",
    about: 'Until then it serves its own clients by its own app servers.',
  },
  foreignMessage: {
    id: 'cluster.foreign-message',
    level: 'warn',
    name: 'ForeignMessage',
    text: 'Something came over the bus that no node would say. It was dropped. Further ones are only counted.',
    about: 'Somebody else publishes below the prefix, or a node of another version.',
  },
  messageFailed: {
    id: 'cluster.message-failed',
    level: 'warn',
    name: 'MessageFailed',
    text: "A message of node '{node}' could not be processed.",
    about: 'Those behind it are.',
  },
} as const satisfies Readonly<Record<string, LogEvent>>;
