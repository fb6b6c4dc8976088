/** One place where Signalbox is meant to differ from ASP.NET Core SignalR. */
export interface Difference {
  /** What happens, as a title. */
  readonly subject: string;
  readonly aspnetcore: string;
  readonly signalbox: string;
  readonly why: string;
}

/**
 * Every intended difference. A test that meets one looks it up by its key (`server.differs`), an entry that no test meets
 * fails the suite, and docs/compatibility.md lists the same entries.
 */
export const differences = {
  askingKeepsItsTurn: {
    subject: 'A hub method that waits for a client result, with the default of one invocation at a time',
    aspnetcore: "gives up its turn: the caller's next invocation runs beside it",
    signalbox: "keeps its turn: the caller's next invocation waits",
    why: 'invocations of one client then never overlap, whatever a method does; answers of clients are read ahead of the queue',
  },
  unknownMessageType: {
    subject: 'A message of an unknown type',
    aspnetcore: 'stops reading that connection for good, without an error',
    signalbox: 'ignores the message',
    why: 'the hub protocol asks for it, so that newer clients can talk to older servers',
  },
  allowHeader: {
    subject: 'HTTP 405 for a wrong method',
    aspnetcore: 'has no `Allow` header',
    signalbox: 'names the allowed methods in `Allow`',
    why: 'RFC 9110 requires it',
  },
  endpointBoundTokens: {
    subject: 'A connection token used at another endpoint than the one that issued it',
    aspnetcore: 'is accepted',
    signalbox: 'is unknown there: 404',
    why: 'a token issued behind one authorization must not open another endpoint',
  },
  namedTwice: {
    subject: 'A send to several groups, for a client that is in more than one of them',
    aspnetcore: 'delivers the message once for each such group',
    signalbox: 'delivers the message once',
    why: 'an audience is a set of clients',
  },
  goodbye: {
    subject: 'A server that stops, for its WebSocket clients',
    aspnetcore: 'cuts the connection',
    signalbox: 'sends a close message that allows to reconnect, then closes',
    why: 'clients then know at once why, and every client library reconnects',
  },
  lostSocket: {
    subject: "The hub's `disconnected` after a WebSocket that was cut without a closing handshake",
    aspnetcore: 'gets no error',
    signalbox: 'gets an error that says so',
    why: 'a hub can then tell a client that left from one that was lost',
  },
  silentClient: {
    subject: 'A client of which nothing is heard, not even a WebSocket pong, and that never sent a ping',
    aspnetcore: 'stays connected for ever',
    signalbox: 'is asked by a WebSocket ping, and dropped without an answer',
    why: 'a connection that nobody holds any more must not cost anything',
  },
  takeOver: {
    subject: 'A WebSocket that comes back under stateful reconnect while the one before still looks alive',
    aspnetcore: 'is refused with 404, and the connection ends',
    signalbox: 'takes over at once; the one before is closed',
    why: 'a client often knows of a lost network long before the server',
  },
  halfMessage: {
    subject: 'The half of a message that a WebSocket brought before it was lost, under stateful reconnect',
    aspnetcore: 'is joined to what comes by the next WebSocket, which can then not be read',
    signalbox: 'is dropped',
    why: 'the client sends the whole message again',
  },
  numberBelowOne: {
    subject: 'A sequence message with a number below 1, under stateful reconnect',
    aspnetcore: 'is accepted',
    signalbox: 'ends the connection with an error',
    why: 'numbers begin at 1: a client that counts wrong would lose messages without a sign',
  },
  ackOfNothing: {
    subject: 'An ack of a message that was never sent, under stateful reconnect',
    aspnetcore: 'is accepted, and may let go of messages to come',
    signalbox: 'ends the connection with an error',
    why: 'the same',
  },
  publicToken: {
    subject: 'Stateful reconnect asked for in negotiate version 0',
    aspnetcore: 'is offered',
    signalbox: 'is not: the connection ends with its WebSocket',
    why: 'the connection token is then the public connection id, and whoever knows it could take the connection over',
  },
  emptyAnswer: {
    subject: 'A client result that has neither a result nor an error',
    aspnetcore: 'is an error, saying that an exception of type HubException was thrown',
    signalbox: 'counts as null, which the validator accepts or not',
    why: 'clients that leave null out of their messages send it so',
  },
  propertyCase: {
    subject: "The case of property names in a client's JSON objects",
    aspnetcore: 'makes no difference',
    signalbox: 'is what the validator says',
    why: "JavaScript's own property names have a case, and so have MessagePack's on both servers",
  },
  nullForText: {
    subject: 'null for a text, a list or an object that a method expects',
    aspnetcore: 'is passed to the method',
    signalbox: 'is refused like any other wrong type, unless the validator accepts null',
    why: "a method can rely on its arguments' types",
  },
  omittedArgument: {
    subject: 'A call that leaves out a last argument that has a default',
    aspnetcore: 'is refused: a default does not count',
    signalbox: 'gets the default, where the validator has one',
    why: 'a method can get a parameter without a break for its older clients',
  },
  reusedStreamId: {
    subject: 'A stream id that a client uses for a second upload while the first is open',
    aspnetcore: 'goes over to the second; the first never ends',
    signalbox: 'stays with the first; the second call fails, as in .NET 11',
    why: 'no method may wait for ever because of what a client sends',
  },
  jsonSpelling: {
    subject: 'How JSON spells a value: times, numbers with an exponent, characters that may be escaped',
    aspnetcore: '`"…:56.78Z"`, `1E+300`, `"\\uD83D\\uDE00"`',
    signalbox: '`"…:56.780Z"`, `1e+300`, `"😀"`, as `JSON.stringify` does',
    why: 'every JSON reader gets the same values',
  },
  numberPrecision: {
    subject: 'A number in JSON that a double can not hold exactly, such as 9007199254740993',
    aspnetcore: 'stays exact, where the method takes a `long` or any JSON',
    signalbox: 'is the nearest double, unless `int64` of the hub protocol is set',
    why: "JavaScript's numbers are doubles; what must be exact travels as text, or as a bigint",
  },
  loneSurrogate: {
    subject: 'A text with half of a surrogate pair, escaped in JSON',
    aspnetcore: 'fails the call',
    signalbox: 'is passed to the method, unless the validator refuses it',
    why: 'it is a string in JavaScript, and to look for it in each message would cost all of them',
  },
  wrongKind: {
    subject: 'A call of the wrong kind: streaming for a plain method, plain for a method that is no generator and returns a stream',
    aspnetcore: 'is refused before the method runs',
    signalbox: 'runs the method, and is refused by what that returns; only a generator is known before',
    why: 'what a JavaScript function returns is not to be seen from outside',
  },
  authorizationFirst: {
    subject: 'A call with wrong arguments, of a method that the caller may not use',
    aspnetcore: 'is refused for its arguments',
    signalbox: 'is refused as unauthorized',
    why: 'whoever may not use a method learns nothing of it',
  },
  wholeNumbers: {
    subject: 'A whole number that JSON spells with a point or an exponent, such as 1.0 or 1e1',
    aspnetcore: 'is no integer',
    signalbox: 'is one',
    why: 'JSON does not tell them apart, and neither does JavaScript',
  },
  nullBesideError: {
    subject: 'A completion of a client with an error and a result that is null',
    aspnetcore: 'ends the connection, or fails for the type of the null',
    signalbox: 'counts as the error',
    why: 'the Swift client sends every error so',
  },
  ownErrors: {
    subject:
      'Name and words of an error of the server itself, which detailed errors show: a client time-out, an answer in the place of another client, a client that is gone',
    aspnetcore: "are .NET's, such as `IOException` or `InvalidOperationException`",
    signalbox: 'are its own, such as `SignalboxError`',
    why: 'they are the names that a program meets in its own code',
  },
  libraryWords: {
    subject: 'Where an error text ends in the words of a library: a stream item or client result of the wrong type, and what is no JSON',
    aspnetcore: "gives its JSON library's words",
    signalbox: 'gives words of its own, or those of the validator',
    why: 'the words belong to the library; but for client results, clients see them with detailed errors only',
  },
} as const satisfies Record<string, Difference>;

export type DifferenceKey = keyof typeof differences;

/** The table of docs/compatibility.md, without its surroundings. */
export function differencesAsMarkdown(): string {
  const rows = Object.values(differences).map((entry) => `| ${entry.subject} | ${entry.aspnetcore} | ${entry.signalbox} | ${entry.why} |`);
  return ['| where | ASP.NET Core SignalR | Signalbox | why |', '| --- | --- | --- | --- |', ...rows].join('\n');
}
