/** The hub protocol's codecs, for whoever speaks it without the hub server: `signalbox/protocol`. */
export { HUB_PROTOCOL_VERSION, HubProtocolError } from './protocol/hub/hub-protocol.ts';
export type { HubProtocol, MessageSink } from './protocol/hub/hub-protocol.ts';
export { MessageType } from './protocol/hub/message.ts';
export type {
  AckMessage,
  BindingFailureMessage,
  CancelInvocationMessage,
  CloseMessage,
  CompletionMessage,
  Headers,
  HubMessage,
  InvocationMessage,
  PingMessage,
  ReceivedMessage,
  SequenceMessage,
  StreamInvocationMessage,
  StreamItemMessage,
} from './protocol/hub/message.ts';
export { MAX_LENGTH_PREFIX, lengthPrefixSize, writeLengthPrefix } from './base/messagepack/length-prefix.ts';
export type { RecordSpan } from './base/messagepack/length-prefix.ts';
export { RECORD_SEPARATOR, readBinaryRecord, readTextRecord } from './protocol/hub/framing.ts';
export { parseHandshakeRequest, writeHandshakeResponse } from './protocol/hub/handshake.ts';
export type { HandshakeRequest } from './protocol/hub/handshake.ts';
export { readMessageObject, writeMessageObject } from './protocol/hub/message-object.ts';
export { JsonHubProtocol } from './protocol/hub/json.ts';
export type { JsonOptions } from './protocol/hub/json-options.ts';
export type { PropertyNames, Reviver } from './protocol/hub/json-reviver.ts';
export type { Replacer } from './protocol/hub/json-writer.ts';
export { ExtData, MessagePackHubProtocol } from './protocol/hub/messagepack.ts';
export type { MessagePackOptions } from './protocol/hub/messagepack-options.ts';
export type { MessagePackExtension } from './protocol/hub/messagepack-extensions.ts';
