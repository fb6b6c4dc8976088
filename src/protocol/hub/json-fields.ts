import { HubProtocolError } from './hub-protocol.ts';

const INT32_RANGE = 2 ** 31;
const INT64_RANGE = 2 ** 63;

/** What a message's properties hold as they were sent. */
export interface RawFields {
  readonly type?: unknown;
  readonly headers?: unknown;
  readonly invocationId?: unknown;
  readonly target?: unknown;
  readonly arguments?: unknown;
  readonly streamIds?: unknown;
  readonly item?: unknown;
  readonly result?: unknown;
  readonly error?: unknown;
  readonly allowReconnect?: unknown;
  readonly sequenceId?: unknown;
}

/** A message whose properties, where they are present, have the right types. */
export interface Fields {
  readonly type?: number;
  readonly headers?: Record<string, string>;
  readonly invocationId?: string;
  readonly target?: string;
  readonly arguments?: unknown[];
  readonly streamIds?: string[];
  readonly item?: unknown;
  readonly result?: unknown;
  readonly error?: string;
  readonly allowReconnect?: boolean;
  readonly sequenceId?: number;
}

/** Whether every property that is there has the right type; a property that the message's type has no use for as well. */
export function areFields(raw: RawFields): raw is Fields {
  return (
    isOptional(raw.type, 'number') &&
    isOptional(raw.invocationId, 'string') &&
    isOptional(raw.target, 'string') &&
    isOptional(raw.error, 'string') &&
    isOptional(raw.allowReconnect, 'boolean') &&
    (raw.arguments === undefined || Array.isArray(raw.arguments)) &&
    (raw.type === undefined || isInteger(raw.type, INT32_RANGE)) &&
    (raw.sequenceId === undefined || isInteger(raw.sequenceId, INT64_RANGE)) &&
    (raw.headers === undefined || headersFault(raw.headers) === undefined) &&
    (raw.streamIds === undefined || streamIdsFault(raw.streamIds) === undefined)
  );
}

function isOptional(value: unknown, type: 'number' | 'string' | 'boolean'): boolean {
  return value === undefined || typeof value === type;
}

/** The fault of the first property with a wrong type, in the order of the message. */
export function fieldFault(raw: RawFields): HubProtocolError {
  for (const [name, value] of Object.entries(raw)) {
    const fault = FAULTS.get(name)?.(value);
    if (fault !== undefined) return fault;
  }
  return missing('type');
}

/** The fault of a message without a property that its type needs. */
export function missing(name: string): HubProtocolError {
  return new HubProtocolError(`Missing required property '${name}'.`);
}

/** The fault of JSON that is no object. */
export function notAnObject(value: unknown): HubProtocolError {
  const kind = Array.isArray(value) ? 'Array' : tokenName(value);
  return new HubProtocolError(`Unexpected JSON Token Type '${kind}'. Expected a JSON Object.`);
}

/** The fault of a property that is no integer of 32 bits; null stands for an absent one. */
export function int32Fault(name: string, value: unknown): HubProtocolError | undefined {
  if (typeof value !== 'number') return expected(name, 'Number');
  return isInteger(value, INT32_RANGE) ? undefined : outOfBounds('Int32');
}

/** The fault of a property that is no text. */
export function stringFault(name: string, value: unknown): HubProtocolError | undefined {
  return typeof value === 'string' ? undefined : expected(name, 'String');
}

const FAULTS: ReadonlyMap<string, (value: unknown) => HubProtocolError | undefined> = new Map([
  ['type', (value: unknown) => int32Fault('type', value)],
  ['invocationId', (value: unknown) => stringFault('invocationId', value)],
  ['target', (value: unknown) => stringFault('target', value)],
  ['error', (value: unknown) => stringFault('error', value)],
  ['arguments', (value: unknown) => (Array.isArray(value) ? undefined : expected('arguments', 'Array'))],
  ['allowReconnect', allowReconnectFault],
  ['sequenceId', sequenceIdFault],
  ['headers', headersFault],
  ['streamIds', streamIdsFault],
]);

function allowReconnectFault(value: unknown): HubProtocolError | undefined {
  return typeof value === 'boolean' ? undefined : new HubProtocolError("Expected 'allowReconnect' to be true or false.");
}

function sequenceIdFault(value: unknown): HubProtocolError | undefined {
  if (value === null) return missing('sequenceId');
  if (typeof value !== 'number') return expected('sequenceId', 'Number');
  return isInteger(value, INT64_RANGE) ? undefined : outOfBounds('Int64');
}

function headersFault(value: unknown): HubProtocolError | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return expected('headers', 'StartObject');
  for (const [name, text] of Object.entries(value)) {
    if (typeof text !== 'string') return new HubProtocolError(`Expected header '${name}' to be of type String.`);
  }
  return undefined;
}

function streamIdsFault(value: unknown): HubProtocolError | undefined {
  if (!Array.isArray(value)) return expected('streamIds', 'Array');
  for (const id of value as unknown[]) {
    if (id === null) return new HubProtocolError("Null value for 'streamIds' is not valid.");
    if (typeof id !== 'string') {
      const text = `Cannot get the value of a token type '${Array.isArray(id) ? 'StartArray' : tokenName(id, 'StartObject')}' as a string.`;
      return new HubProtocolError(text, 'InvalidOperationException');
    }
  }
  return undefined;
}

function expected(name: string, type: string): HubProtocolError {
  return new HubProtocolError(`Expected '${name}' to be of type ${type}.`);
}

function outOfBounds(type: string): HubProtocolError {
  const text = `Either the JSON value is not in a supported format, or is out of bounds for an ${type}.`;
  return new HubProtocolError(text, 'FormatException');
}

function isInteger(value: unknown, range: number): boolean {
  return Number.isInteger(value) && (value as number) >= -range && (value as number) < range;
}

/** How the reference server names a kind of JSON value. */
function tokenName(value: unknown, object = 'Object'): string {
  if (value === null) return 'Null';
  if (typeof value === 'number') return 'Number';
  if (typeof value === 'string') return 'String';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  return object;
}
