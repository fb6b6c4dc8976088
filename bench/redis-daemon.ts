import { Daemon, isInstalled, type DaemonProgram } from './daemon.ts';

const program: DaemonProgram = { command: 'redis-server', ready: 'Ready to accept connections' };

/** Why there can be no Redis here, or undefined. */
export function obstacleToRedis(): string | undefined {
  return isInstalled(program) ? undefined : `there is no ${program.command} on PATH`;
}

/** A Redis of one's own, which keeps nothing unless it is told to. */
export class RedisDaemon extends Daemon {
  readonly port: number;

  /** @param args - further arguments, such as `--requirepass`, `x` */
  constructor(port: number, args: readonly string[] = []) {
    super(program, ['--port', `${port}`, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', ...args]);
    this.port = port;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }
}
