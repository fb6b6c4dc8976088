export { SignalboxError, type ErrorCode } from './base/errors.ts';
export type { Claims } from './hub/claims.ts';
export { itemKey, type HubContext, type ItemKey, type Items } from './hub/context.ts';
export type { Call, ClientContract, Contract, ReservedName, Results } from './hub/contract.ts';
export { defineHub, type Hub, type HubDefinition, type Methods } from './hub/define-hub.ts';
export type { HubFilter, Invocation } from './hub/filter.ts';
export { HubError } from './hub/hub-error.ts';
export { method, type Authorize, type Method, type MethodOptions, type TypedMethod } from './hub/method.ts';
export { streamOf, type Parameter, type Schema, type StreamOf } from './hub/schema.ts';
export type {
  CallerClients,
  CallerGroups,
  ClientResults,
  Events,
  HubClients,
  HubGroups,
  InvokeOptions,
  Invoker,
  Sender,
  SingleTarget,
  Target,
} from './hub/targets.ts';
export type { ConnectionRequest, TransportName } from './transport/connection.ts';
