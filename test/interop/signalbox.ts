import { Gates } from './gates.ts';
import { interopHub } from './hub.ts';
import { fast, interopHost, serveHost } from './interop-host.ts';
import type { LaunchOptions, RunningServer } from './running-server.ts';

/** Starts Signalbox within this process, on a free port. The counterpart of dotnet/Program.cs. */
export function startSignalbox(options: LaunchOptions = {}): Promise<RunningServer> {
  const gates = new Gates();
  const host = interopHost(gates, options);
  const { signalr, hub } = host;
  const another = (): typeof hub => interopHub(gates);
  // What is looked at on the wire.
  signalr
    .map('/fast-detailed', another(), { ...fast, enableDetailedErrors: true })
    .map('/binary', another(), { supportedProtocols: ['messagepack'] })
    .map('/websockets', hub, { transports: ['webSockets'] })
    .map('/polling', hub, { transports: ['longPolling'] })
    .map('/events', hub, { transports: ['serverSentEvents'] })
    .map('/tokens-only', hub, { minimumProtocolVersion: 1 })
    .map('/tight', hub, { applicationMaxBufferSize: 1_000, maximumReadAhead: 1_000 })
    .mapConnection('/echo', async (connection) => {
      for await (const frame of connection.frames()) connection.write(frame);
    });
  return serveHost(host);
}
