export type { AppServerOptions, GracefulShutdownMode, ServerStickyMode } from './app-server/options.ts';
export type { AccessTokenAlgorithm } from './authentication/access-token.ts';
export type { Audience } from './backplane/audience.ts';
export type { Backplane, BackplaneContext, BackplaneFactory, BackplaneState, CompletionOutcome } from './backplane/backplane.ts';
export type { BackplaneFigures } from './backplane/figures.ts';
export type { Bus, BusSubscription } from './backplane/bus.ts';
export { LocalBackplane } from './backplane/local-backplane.ts';
export type { Member } from './backplane/member.ts';
export { Registry } from './backplane/registry.ts';
export { Cancellation } from './base/cancellation.ts';
export type { Clock } from './base/clock.ts';
export { SignalboxError, type ErrorCode } from './base/errors.ts';
export { logText, silent, standardError, type FieldsOf, type Log, type LogEvent, type LogFields, type LogLevel } from './base/log.ts';
export { consoleLog, pinoLog, type FieldsFirstLogger, type TextFirstLogger } from './base/loggers.ts';
export { busBackplane, type BusBackplaneFactory } from './bus/bus-backplanes.ts';
export type { BusOptions } from './bus/options.ts';
export type { Claims } from './hub/claims.ts';
export type { AuthorizeRequest, ConnectionOptions } from './hub/connection-options.ts';
export type { ConnectOptions, ServiceHandle } from './hub/connected-service.ts';
export { itemKey, type AgreedProtocol, type HubContext, type ItemKey, type Items } from './hub/context.ts';
export type { Call, ClientContract, Contract, ReservedName, Results } from './hub/contract.ts';
export { defineHub, type Hub, type HubDefinition, type Methods } from './hub/define-hub.ts';
export type { HubFilter, Invocation } from './hub/filter.ts';
export { healthChecks, type HealthCheckPaths } from './hub/health-checks.ts';
export type { Health, HealthStatus, HubHealth } from './hub/health.ts';
export { HubError } from './hub/hub-error.ts';
export { LimitError } from './hub/limit-error.ts';
export type { LimitFilterOptions, LimitScope } from './hub/limit-filter.ts';
export { method, type Authorize, type Method, type MethodOptions, type TypedMethod } from './hub/method.ts';
export type { HubOptions } from './hub/options.ts';
export { authenticated, requireClaim } from './hub/policies.ts';
export { quota, type QuotaOptions } from './hub/quota.ts';
export { rateLimit, type RateLimitOptions } from './hub/rate-limit.ts';
export type { RawConnection } from './hub/raw-connection.ts';
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
export type {
  AnswerTelemetry,
  CalledMethod,
  CallStatus,
  CallTelemetry,
  ClientTelemetry,
  HubTelemetry,
  LifetimeEvent,
  Telemetry,
} from './telemetry/telemetry.ts';
export type { WatchedBackplane } from './telemetry/backplane-record.ts';
export type { HubReadings, QueuedBytes, ServiceReadings } from './telemetry/service-readings.ts';
export {
  SignalR,
  type AttachOptions,
  type CloseOptions,
  type HubEndpointOptions,
  type HubHandle,
  type SignalROptions,
} from './hub/signalr.ts';
export { AuthenticationError } from './transport/admission.ts';
export { bearerToken } from './transport/bearer-token.ts';
export type { Connection, ConnectionListener, ConnectionRequest, TransferFormat, TransportName } from './transport/connection.ts';
export type { DescriptorState } from './transport/descriptors.ts';
export { feature, type Feature, type Features } from './transport/features.ts';
export type { AtConnectionLimit, ClientAddress, ConnectionLimit } from './transport/limit-options.ts';
export type { AllowedOrigins, AuthenticationRefresh, SubProtocolSelector } from './transport/options.ts';
export { clientCertificate, localAddress, type SocketAddress } from './transport/socket-features.ts';
export type { ConnectionTelemetry, EndpointTelemetry, NegotiationStatus, SlowClientReason, WriteQueue } from './transport/telemetry.ts';
