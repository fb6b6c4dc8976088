import { CliError } from './cli-error.ts';
import { serveEvents } from './log-events.ts';
import { allSettings } from './serve-settings.ts';
import type { ServeOptions } from './serve-options.ts';
import type { RunningService } from './serve.ts';
import { written } from './setting.ts';
import { outOfDate } from './tls-files.ts';

/** Has a service run on with what its settings have become. */
export class Reloads {
  readonly #running: Pick<RunningService, 'apply' | 'log'>;
  readonly #read: () => Promise<ServeOptions | undefined>;
  /** As it runs. */
  #options: ServeOptions;
  /** Each setting as it runs. */
  readonly #values: Map<string, string>;
  #last: Promise<void> = Promise.resolve();

  /** @param read - reads the settings anew; rejects with what is wrong */
  constructor(running: Pick<RunningService, 'apply' | 'log'>, options: ServeOptions, read: () => Promise<ServeOptions | undefined>) {
    this.#running = running;
    this.#read = read;
    this.#options = options;
    this.#values = valuesOf(options);
  }

  /** Reads the settings, and applies what can be. What is wrong leaves everything as it is. One after the other. Never rejects. */
  reload(): Promise<void> {
    this.#last = this.#last.then(() => this.#reload());
    return this.#last;
  }

  async #reload(): Promise<void> {
    try {
      const next = await this.#read();
      if (next !== undefined) this.#apply(next);
    } catch (error) {
      const problems = error instanceof CliError ? problemsIn(error) : [(error as Error).message];
      for (const problem of problems) this.#running.log(serveEvents.reloadRefused, { problem });
    }
  }

  #apply(next: ServeOptions): void {
    const before = this.#options;
    const { log } = this.#running;
    const values = valuesOf(next);
    const changed = [...values].flatMap(([name, value]) => (this.#values.get(name) === value ? [] : [name]));
    const applied = changed.filter((name) => reloads(name, before, next));
    this.#running.apply(next);
    const { tls: _, ...others } = next;
    this.#options = before.tls === undefined ? others : { ...others, tls: next.tls ?? before.tls };
    for (const name of applied) this.#values.set(name, values.get(name) ?? '');
    log(serveEvents.reloaded, { changed: applied.length > 0 ? applied.join(', ') : 'no setting' });
    for (const setting of changed) if (!applied.includes(setting)) log(serveEvents.restartNeeded, { setting });
    this.#tellKeys(before, next);
  }

  #tellKeys(before: ServeOptions, { accessKeys, tls }: ServeOptions): void {
    const { log } = this.#running;
    if (accessKeys.join() !== before.accessKeys.join()) log(serveEvents.keysReplaced, { keys: accessKeys.length });
    if (tls === undefined || before.tls === undefined) return;
    if (tls.cert !== before.tls.cert || tls.key !== before.tls.key) log(serveEvents.certificateReplaced, {});
    const problem = outOfDate(tls, new Date());
    if (problem !== undefined) log(serveEvents.certificateOutOfDate, { problem });
  }
}

/** Between http and https there is no way but a restart. */
function reloads(name: string, before: ServeOptions, next: ServeOptions): boolean {
  if (name.startsWith('tls') && (before.tls === undefined) !== (next.tls === undefined)) return false;
  return allSettings[name]?.reloads === true;
}

const valuesOf = ({ configuration: { settings } }: ServeOptions): Map<string, string> =>
  new Map([...settings].map(([name, { value }]) => [name, value === undefined ? '' : written(value)]));

const problemsIn = ({ problems, message }: CliError): readonly string[] => (problems.length > 0 ? problems : [message]);
