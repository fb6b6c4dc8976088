/**
 * `signalbox/service`: what takes clients off app servers, for .NET ones with the SDK of the Azure SignalR Service and Node ones.
 *
 * @module
 */
export { keptAccessKey, type KeptAccessKey } from './authentication/access-key-file.ts';
export type { GivenServiceOptions } from './service/options.ts';
export type { ServiceCloseOptions } from './service/close-options.ts';
export { healthEndpoints, type HealthEndpoints } from './service/health-endpoints.ts';
export { Service, type ReplaceableOptions, type ServiceOptions } from './service/service.ts';
export type { AppServerStatus, HubStatus, LoadStatus, ServerConnectionStatus, ServiceStatus, Traffic } from './status-page/status.ts';
export { statusPage, type StatusHistory, type StatusPage, type StatusPageOptions } from './status-page/status-page.ts';
