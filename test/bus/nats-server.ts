import { Daemon, freePort, isInstalled, type DaemonProgram } from '../../bench/daemon.ts';

const program: DaemonProgram = { command: 'nats-server', ready: 'Server is ready' };

/** Whether Debian's `nats-server`, or another, is on PATH. */
export const natsIsHere = isInstalled(program);

/** A `nats-server` of this test's own, which keeps nothing. */
export class NatsServer extends Daemon {
  readonly port: number;

  constructor(port: number, args: readonly string[]) {
    super(program, ['--addr', '127.0.0.1', '--port', `${port}`, ...args]);
    this.port = port;
  }

  /** Starts one on a free port. `args` are further arguments, such as `--auth`, `x`. */
  static async start(...args: readonly string[]): Promise<NatsServer> {
    const server = new NatsServer(await freePort(), args);
    await server.start();
    return server;
  }

  get url(): string {
    return `nats://127.0.0.1:${this.port}`;
  }
}
