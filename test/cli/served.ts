import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import { CliBuild, type CliProcess } from './cli-process.ts';

/** Services that run as processes, each test's in a folder of its own. */
export class ServedProcesses {
  folder = '';
  #build: CliBuild | undefined;
  readonly #running: CliProcess[] = [];

  /** Has the tests of a suite begin and end with it. */
  static forSuite(): ServedProcesses {
    const processes = new ServedProcesses();
    beforeAll(async () => {
      processes.#build = await CliBuild.make();
    }, 120_000);
    afterAll(() => processes.#build?.remove());
    beforeEach(async () => {
      processes.folder = await mkdtemp(join(processes.build.folder, 'run-'));
    });
    afterEach(async () => {
      await Promise.all(processes.#running.splice(0).map((process) => process.end('SIGKILL')));
    });
    return processes;
  }

  get build(): CliBuild {
    if (this.#build === undefined) throw new Error('There is no build yet.');
    return this.#build;
  }

  run(args: readonly string[], environment: NodeJS.ProcessEnv = {}): CliProcess {
    const process = this.build.run(this.folder, args, environment);
    this.#running.push(process);
    return process;
  }

  /** Starts a service on a free port, and waits until it is there. */
  async serve(args: readonly string[] = [], environment: NodeJS.ProcessEnv = {}): Promise<Served> {
    const process = this.run(['serve', '--port', '0', ...args], environment);
    const announced = await process.announced();
    return { process, announced, port: Number(/Endpoint=https?:\/\/[^;:]+:(\d+);/.exec(announced)?.[1]) };
  }
}

/** A service as a process. */
export interface Served {
  readonly process: CliProcess;
  readonly announced: string;
  readonly port: number;
}
