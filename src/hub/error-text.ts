import { errorName } from '../base/errors.ts';
import { HubError } from './hub-error.ts';

/**
 * The texts of errors that clients see, in the words of ASP.NET Core 10.0.12: clients compare them, and people search for
 * them. `detailed` adds the error's name and text; a `HubError`'s are always added.
 */
export const errorText = {
  invoking: (target: string, error: unknown, detailed: boolean): string =>
    withCause(`An unexpected error occurred invoking '${target}' on the server.`, error, detailed),

  binding: (target: string, reason: string, detailed: boolean): string => {
    const text = `Failed to invoke '${target}' due to an error on the server.`;
    return detailed ? `${text} ${reason}` : text;
  },

  unknownMethod: (target: string): string =>
    `Failed to invoke '${target}' due to an error on the server. HubException: Method does not exist.`,

  unauthorized: (target: string): string => `Failed to invoke '${target}' because user is unauthorized`,

  streamed: (target: string): string => `The client attempted to invoke the streaming '${target}' method with a non-streaming invocation.`,

  notStreamed: (target: string): string =>
    `The client attempted to invoke the non-streaming '${target}' method with a streaming invocation.`,

  noStream: (target: string): string =>
    `The value returned by the streaming method '${target}' is not a ChannelReader<> or IAsyncEnumerable<>.`,

  streaming: (error: unknown, detailed: boolean): string =>
    withCause('An error occurred on the server while streaming results.', error, detailed),

  invocationIdInUse: (id: string): string => `Invocation ID '${id}' is already in use.`,

  streamIdInUse: (target: string, id: string): string =>
    `An unexpected error occurred invoking '${target}' on the server. HubException: Stream ID '${id}' is already in use.`,

  tooManyStreams: (target: string, limit: number): string =>
    `Failed to invoke '${target}' due to an error on the server. HubException: A client may have ${limit} streams open at the same time, and this one has.`,

  argumentCount: (given: number, expected: number): string =>
    `InvalidDataException: Invocation provides ${given} argument(s) but target expects ${expected}.`,

  argumentType:
    'InvalidDataException: Error binding arguments. Make sure that the types of the provided values match the types of the hub method being invoked.',

  streamCount: (given: number, expected: number): string => `Client sent ${given} stream(s), Hub method expects ${expected}.`,

  streamItem: (reason: string, detailed: boolean): string => {
    const text = 'Failed to bind Stream message.';
    return detailed ? `${text} ${reason}` : text;
  },

  closed: (error: unknown, detailed: boolean): string => withCause('Connection closed with an error.', error, detailed),

  handshakeFailed: (error: unknown, detailed: boolean): string =>
    withCause('An unexpected error occurred during connection handshake.', error, detailed),

  handshakeCancelled: 'Handshake was canceled.',

  protocolNotSupported: (protocol: string): string => `The protocol '${protocol}' is not supported.`,

  versionNotSupported: (protocol: string, version: number): string =>
    `The server does not support version ${version} of the '${protocol}' protocol.`,

  formatNotSupported: (protocol: string): string =>
    `Cannot use the '${protocol}' protocol on the current transport. The transport does not support 'Binary' transfer format.`,

  invocationCancelled: 'Invocation canceled by the server.',
} as const;

function withCause(text: string, error: unknown, detailed: boolean): string {
  return detailed || error instanceof HubError ? `${text} ${errorName(error)}: ${messageOf(error)}` : text;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
