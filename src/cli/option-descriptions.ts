/**
 * What the options do that are settings of `signalbox serve`, made of the comments in the tables of options, which a program can't read:
 * `npx vitest run --project fast test/cli/option-descriptions.test.ts -u`.
 */
export const optionDescriptions: Readonly<Record<string, string>> = {
  'service.handshakeTimeout':
    "Milliseconds in which a client has to say which hub protocol it speaks, and then its app server to answer, unless the client's token says otherwise (`asrs.s.cht`).",
  'service.maximumHandshakeSize': "Bytes of a client's handshake request, past which it is refused.",
  'service.maximumHeldBytes':
    'Bytes that are held back for a client until its app server has answered its handshake, past which it is closed.',
  'service.statefulReconnectBufferSize':
    'Bytes sent to a client with stateful reconnect and not yet acknowledged by it above which its app server is told to pause.',
  'service.maximumStatefulMessageSize':
    'Bytes of the largest message of a client with stateful reconnect that comes in several WebSocket messages: it is passed on when it is whole. A larger one closes the connection.',
  'service.maximumGroupsPerConnection': 'Groups that one connection can be in; an app server that asks for more gets the ack 5, forbidden.',
  'service.maximumNameLength':
    'Characters of the longest name that an app server may give a group, of the user that it puts into one, and of the id of a client result: longer ones are refused, as names are kept. The REST API of the Azure SignalR Service has the same limit for groups.',
  'service.maximumUserGroups': 'Groups that users of one hub can be in ahead of their connections.',
  'service.maximumPendingResults': 'Client results that may be awaited at a time of the clients of one hub.',
  'service.clientResultDelay':
    'Milliseconds that the question for a client result waits before the client gets it, where Microsoft.Azure.SignalR asks: that sends its question before it knows of it, and takes no answer that comes sooner, as it can from a service nearby. Null: it does not wait.',
  'service.clientResultTimeout': 'Milliseconds after which a client result is given up.',
  'service.clientsPerServerConnection':
    'Clients on every server connection of an app server at which it is asked for one more; null: it never is.',
  'service.maximumServerConnections': 'Server connections of one app server for one hub past which it is not asked for more.',
  'service.serverHandshakeTimeout': 'Milliseconds in which an app server has to send its handshake request.',
  'service.serverPingInterval': 'Milliseconds between two pings of a server connection: app servers give up after 30,000 without any.',
  'service.serverTimeout': 'Milliseconds of silence after which a server connection is given up.',
  'service.maximumServerMessageSize': 'Bytes of the largest message of an app server.',
  'service.maximumMalformedMessages': 'Malformed messages that a server connection may send before it is closed.',
  'service.serverBufferSize': 'Bytes waiting for an app server above which its clients are not read.',
  'service.maximumServerQueuedBytes': 'Bytes waiting for an app server at which its connection is cut.',
  'service.migrationTimeout':
    "Milliseconds that a client's calls may take before it is moved from an app server that leaves; what is not answered by then ends with an error.",
  'service.maximumMigrationBytes':
    'Bytes of new calls that wait while a client is moved, past which it is not read until it was; streams that it uploads to calls that run wait then, too.',
  'service.maximumAwaitedCalls': 'Calls of one client that are waited for when it is to be moved; any more are not waited for.',
  'service.quota':
    'Connections that make a full load, of clients and app servers together: the metric `ConnectionQuotaUtilization` is said of it, and nobody is turned away, which is for `limits.service.connections`. Null: no such metric.',
  'service.limits.service.connections':
    'Connections that this node takes, clients and server connections together, as the quota counts them: those that have negotiated and not connected yet included. Past it negotiate and upgrades are answered with 429. Null: no limit.',
  'service.limits.service.clients': 'The same for clients alone: with less than `connections`, there is always room for app servers.',
  'service.limits.service.messagesPerSecond':
    'Hub messages of clients that this node takes in a second, of every kind. Clients that send more are not read for a while, in turns: nothing is lost. Null: no limit.',
  'service.limits.service.messageBurst': 'Messages that may come at once when few came before. Null: as many as in a second.',
  'service.limits.hub.connections': 'Connections of each hub, clients and server connections together; as above.',
  'service.limits.hub.clients': 'Clients of each hub; as above.',
  'service.limits.hub.messagesPerSecond': 'Hub messages that the clients of each hub may send in a second; as above.',
  'service.limits.hub.messageBurst': 'Those of them that may come at once; as above.',
  'service.limits.user.connections': 'Connections of each user of a hub: clients of one user id. Those without a user id are not counted.',
  'service.limits.user.messagesPerSecond':
    'Hub messages that each user of a hub may send in a second, over all connections; a client without a user id is a user of its own. Who sends more is not read for a while, and closed past `throttleTimeout`.',
  'service.limits.user.messageBurst': 'Those of them that may come at once; as above.',
  'service.limits.messageSize':
    'Bytes of the largest hub message that a client may send, its framing included: a larger one closes the client as soon as it is, however it comes, and nothing of it is kept to find that out. Null: of any size, as app servers have a limit of their own.',
  'service.limits.groupsPerConnection':
    'Groups that one connection can be in: past it, app servers get the ack 5, forbidden. Null: as many as `maximumGroupsPerConnection` says, which is the most in any case.',
  'service.limits.queuedBytes':
    'Bytes that may wait for one client, past which it is cut. Null: as many as `clients.maximumQueuedBytes` says, which is the most in any case.',
  'service.limits.hubs':
    'Limits of single hubs, by their names: `{ chat: { hub: { clients: 50 }, user: { connections: 2 }, messageSize: 4096 } }`. What is left out there is as for all.',
  'service.limits.throttleTimeout':
    'Milliseconds that a client may go on sending more than `user.messagesPerSecond`; past that it is closed, and not asked to come back. Null: it is held back as long as it likes.',
  'service.limits.retryAfter':
    'Milliseconds that whoever is refused for a limit is asked to stay away, in the `Retry-After` of the answer, in whole seconds.',
  'service.metering.messages': 'Whether messages are counted, which looks for the end of each; without, bytes and connections are.',
  'service.metering.maximumHubs': 'Hubs that are counted each by itself; any more are counted together.',
  'service.metering.methods': 'Whether billed messages are counted by method: looks for the target of each message.',
  'service.metering.users': 'Whether they are counted by user.',
  'service.metering.groups': 'Whether they are counted by group.',
  'service.metering.maximumNames': 'Methods, users and groups of one hub that are counted each by itself; any more are counted together.',
  'service.metering.recordInterval':
    'Milliseconds between two looks at what has changed, which is then written to the daily record: what a crash can lose.',
  'service.metering.recordDays': 'Days that daily records are kept.',
  'service.metering.historyDays':
    'Days that the history is kept: the points of the hours in memory, those of the minutes in the directory.',
  'service.nodes.subjectPrefix': 'The first part of every subject. Services that share a bus are told apart by it.',
  'service.nodes.heartbeatInterval': 'Milliseconds between two messages by which a node says that it is there.',
  'service.nodes.nodeTimeout': 'Milliseconds of silence after which a node counts as gone, and its clients and app servers with it.',
  'service.nodes.answerTimeout':
    'Milliseconds in which other nodes have to do what an app server asked; past that it gets the ack 3, timeout.',
  'service.nodes.joinTime':
    'Milliseconds that a node which starts waits for the others to introduce themselves, before it lets anybody in.',
  'service.nodes.maximumMessageSize': 'Bytes of the largest message that the bus takes; larger ones go in pieces.',
  'clients.transports': 'The transports offered, in the order in which clients try them.',
  'clients.minimumProtocolVersion':
    'The lowest negotiate version answered; the highest there is, is 1. With 1, every client keeps a secret connection token.',
  'clients.allowStatefulReconnects':
    'Whether a client that asks for it may come back to the connection it had when its WebSocket is lost, by another one (stateful reconnect). For hubs only, and in negotiate version 1.',
  'clients.transportMaxBufferSize':
    'Bytes written and not yet taken by a client above which it is not read from and streams to it wait, until half of it is left.',
  'clients.applicationMaxBufferSize': 'Bytes received and not yet processed above which the client is held back.',
  'clients.maximumRequestBodySize':
    'Bytes of the largest POST taken, which is how clients send over server-sent events and long polling; null for no limit. A larger one is answered with 413. Nothing of it is taken where it says its length, as those of the official clients do; otherwise what came before the limit was, and the connection is closed.',
  'clients.transportSendTimeout':
    'Milliseconds in which a client has to take something of what was sent to it, while more than `transportMaxBufferSize` waits; past that its connection is cut. With stateful reconnect also the time it has to acknowledge something, while more than `statefulReconnectBufferSize` is unacknowledged. Not over long polling, where `disconnectTimeout` says how long a client may stay away.',
  'clients.maximumQueuedBytes':
    'Bytes waiting for a client that reads too slowly at which its connection is cut; with stateful reconnect, bytes that it has not acknowledged, also while it is away.',
  'clients.allowedOrigins':
    "The origins of pages that may use the endpoint from a browser, beside pages of the endpoint's own host: a list such as `['https://app.example']`, or a function of the origin. Requests of other pages are refused with 403, WebSockets included, and pages that may are told so in CORS headers, credentials allowed.",
  'clients.closeOnAuthenticationExpiration':
    'Whether a connection is closed, and its client allowed to reconnect, when the authentication of its user expires: see `expiresAt`.',
  'clients.enableAuthenticationRefresh':
    'Whether clients may renew the authentication of a connection that lives, by `POST {path}/refresh`; a long poll with a renewed token does so, too, and a WebSocket that comes back by stateful reconnect.',
  'clients.disconnectTimeout':
    "Milliseconds a connection outlives its client's absence: not taken up after negotiate, not polled any more, not back after its WebSocket was lost under stateful reconnect.",
  'clients.webSockets.closeTimeout': 'Milliseconds a client has to answer the close frame.',
  'clients.webSockets.maximumMessageSize':
    "Bytes of the largest WebSocket message read at all; past it the socket is closed with code 1009. A hub's own limit is lower and answered with a close message.",
  'clients.webSockets.perMessageDeflate': 'Whether clients may compress: about 220 KB of memory a connection and several times the CPU.',
  'clients.longPolling.pollTimeout': 'Milliseconds a poll waits before it is answered empty. Clients give up after 100,000.',
};
