/**
 * `signalbox/conformance`: what an implementer of a seam runs to know that it keeps the seam's promises.
 *
 * @module
 */
export type { ConformanceCase } from './conformance/conformance-case.ts';
export { backplaneCases, type BackplaneCase, type BackplaneFarm } from './conformance/backplane-cases.ts';
export { busCases, type BusCase, type BusUnderTest } from './conformance/bus-cases.ts';
export { MemoryExchange } from './backplane/memory-bus.ts';
export { RecordingMember } from './conformance/recording-member.ts';
export { FakeClock } from './conformance/fake-clock.ts';
export { hubProtocolCases, type HubProtocolCase, type HubProtocolUnderTest } from './conformance/hub-protocol-cases.ts';
export { MemoryClient, type ConnectionHost, type MemoryClientOptions } from './conformance/memory-client.ts';
export { memoryRequest, type MemoryRequestOptions } from './conformance/memory-request.ts';
export { MemoryConnection, type MemoryConnectionOptions } from './conformance/memory-connection.ts';
export { connectionCases, type ConnectedClient, type ConnectionCase } from './conformance/connection-cases.ts';
