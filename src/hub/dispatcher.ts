import type { CompletionOutcome } from '../backplane/backplane.ts';
import {
  MessageType,
  type BindingFailureMessage,
  type CloseMessage,
  type CompletionMessage,
  type InvocationMessage,
  type PingMessage,
  type ReceivedMessage,
  type StreamInvocationMessage,
  type StreamItemMessage,
} from '../protocol/hub/message.ts';
import { CancellableCall } from './cancellable-call.ts';
import type { ConnectionCaller } from './connection-caller.ts';
import { errorText } from './error-text.ts';
import { HubError } from './hub-error.ts';
import type { InvocationQueue } from './invocation-queue.ts';
import type { DefinedMethod, MethodTable } from './method-table.ts';
import { PlainCall } from './plain-call.ts';
import { StreamCall } from './stream-call.ts';
import type { UploadStream } from './upload-stream.ts';

/** What a client's messages may ask of its connection, besides calls. */
export interface DispatchActions {
  /** The client ends the connection. */
  closing(message: CloseMessage): void;
  /** The client answered a client result. `record` is what it sent, framing included, for the length of the call. */
  completed(completion: CompletionMessage, record: Buffer | undefined): CompletionOutcome;
  /** The client answered in another's place. */
  impersonated(invocationId: string): void;
}

/** A ping is nothing to dispatch: it is for the keep-alive. */
export type DispatchedMessage = Exclude<ReceivedMessage, PingMessage>;

/** What has to be known of an invocation to refuse it. */
type RefusedInvocation = Pick<InvocationMessage | StreamInvocationMessage | BindingFailureMessage, 'target' | 'invocationId'>;

const NONE: readonly never[] = [];

/** Decides what each message of one client means. Completions and stream items are taken as they come; calls may have to queue. */
export class Dispatcher {
  readonly #methods: MethodTable;
  readonly #caller: ConnectionCaller;
  readonly #queue: InvocationQueue;
  readonly #actions: DispatchActions;

  constructor(methods: MethodTable, caller: ConnectionCaller, queue: InvocationQueue, actions: DispatchActions) {
    this.#methods = methods;
    this.#caller = caller;
    this.#queue = queue;
    this.#actions = actions;
  }

  /**
   * @param bytes - what the message took on the wire
   * @param source - where it was read from
   * @param end - the offset behind it there
   */
  dispatch(message: DispatchedMessage, bytes: number, source?: Buffer, end = 0): void {
    switch (message.type) {
      case MessageType.invocation:
        return this.#invoke(message, bytes);
      case MessageType.streamInvocation:
        return this.#stream(message, bytes);
      case MessageType.streamItem:
        return this.#take(message, bytes);
      case MessageType.completion:
        return this.#complete(message, source?.subarray(end - bytes, end));
      case MessageType.cancelInvocation:
        return this.#caller.cancellable(message.invocationId)?.cancel();
      case MessageType.close:
        return this.#actions.closing(message);
      case MessageType.ack:
      case MessageType.sequence:
        // They belong to stateful reconnect, which this connection did not negotiate.
        return;
      case 'bindingFailure':
        return this.#refuseBinding(message);
    }
  }

  #invoke(message: InvocationMessage, bytes: number): void {
    if (message.streamIds !== undefined && this.#refusesStreams(message, message.streamIds.length)) return;
    const method = this.#methods.find(message.target);
    const cancellable = method?.cancellable === true && message.invocationId ? message.invocationId : undefined;
    if (cancellable !== undefined && this.#refusesId(message, cancellable)) return;
    const uploads = this.#uploads(method, message);
    if (uploads === undefined) return;
    if (cancellable === undefined) return this.#queue.submit(new PlainCall(this.#caller, method, message, uploads, bytes));
    const call = new CancellableCall(this.#caller, method, message, uploads, bytes);
    this.#caller.addCancellable(cancellable, call);
    this.#queue.submit(call);
  }

  #stream(message: StreamInvocationMessage, bytes: number): void {
    const { invocationId } = message;
    if (this.#refusesId(message, invocationId)) return;
    if (this.#refusesStreams(message, 1 + (message.streamIds?.length ?? 0))) return;
    const method = this.#methods.find(message.target);
    const uploads = this.#uploads(method, message);
    if (uploads === undefined) return;
    const call = new StreamCall(this.#caller, method, message, uploads, bytes);
    this.#caller.addStream(invocationId, call);
    this.#queue.submit(call);
  }

  /** Whether the id of a call that can be cancelled belongs to another one; it is answered then. */
  #refusesId(message: RefusedInvocation, invocationId: string): boolean {
    if (this.#caller.cancellable(invocationId) === undefined) return false;
    this.#refuse(message, errorText.invocationIdInUse(invocationId));
    return true;
  }

  /** Whether a call would open more streams than a client may have; it is answered then. */
  #refusesStreams(message: InvocationMessage | StreamInvocationMessage, more: number): boolean {
    const limit = this.#caller.settings.maximumStreamsPerClient;
    if (this.#caller.openStreams + more <= limit) return false;
    this.#refuse(message, errorText.tooManyStreams(message.target, limit));
    return true;
  }

  /**
   * Begins the streams that come with a call, before the items that follow it. None where the method takes another number; undefined
   * where an id belongs to a stream that is open, and the call is answered.
   */
  #uploads(method: DefinedMethod | undefined, message: InvocationMessage | StreamInvocationMessage): readonly UploadStream[] | undefined {
    const { streamIds = NONE, target } = message;
    if (streamIds.length === 0 || method === undefined) return NONE;
    if (method.parameters !== undefined && method.streams !== streamIds.length) return NONE;
    const used = streamIds.find((id, index) => this.#caller.upload(id) !== undefined || streamIds.indexOf(id) < index);
    if (used === undefined) return streamIds.map((id) => this.#caller.beginUpload(id));
    this.#refuse(message, errorText.streamIdInUse(target, used));
    return undefined;
  }

  #take(message: StreamItemMessage, bytes: number): void {
    const upload = this.#caller.upload(message.invocationId);
    if (upload === undefined) return;
    this.#caller.telemetry?.itemReceived();
    upload.push(message.item, bytes);
  }

  #complete(message: CompletionMessage, record: Buffer | undefined): void {
    if (this.#caller.upload(message.invocationId) !== undefined) {
      const error = message.error === undefined ? undefined : new HubError(message.error);
      return this.#caller.endUpload(message.invocationId, error);
    }
    if (this.#actions.completed(message, record) === 'foreign') this.#actions.impersonated(message.invocationId);
  }

  #refuseBinding(message: BindingFailureMessage): void {
    const { enableDetailedErrors } = this.#caller.settings;
    const known = this.#methods.find(message.target) !== undefined;
    this.#refuse(
      message,
      known ? errorText.binding(message.target, message.reason, enableDetailedErrors) : errorText.unknownMethod(message.target),
    );
  }

  /** Answers an invocation that can't begin. */
  #refuse({ target, invocationId }: RefusedInvocation, error: string): void {
    this.#caller.telemetry?.refused(this.#methods.find(target)?.name);
    this.#caller.completeWithError(invocationId || undefined, error);
  }
}
