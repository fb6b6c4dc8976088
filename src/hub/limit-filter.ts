import { Allowances, type Allowance } from '../base/allowance.ts';
import { systemClock, type Clock } from '../base/clock.ts';
import { codedError, describe } from '../base/errors.ts';
import { Timer, TimerWheel } from '../base/timer-wheel.ts';
import type { HubContext } from './context.ts';
import type { HubFilter, Invocation } from './filter.ts';
import { HubError } from './hub-error.ts';
import { LimitError } from './limit-error.ts';

/**
 * Who shares a limit: each connection has its own; all connections of a user id on this server have one, and anonymous
 * connections one each; or whoever has the same key, a tenant for example. No key means no limit.
 */
export type LimitScope<User> = 'connection' | 'user' | ((context: HubContext<unknown, User>) => string | undefined);

/** What limits on calls have in common. */
export interface LimitFilterOptions<User> {
  readonly per: LimitScope<User>;
  /** What a call costs: 0 or more, 0 for free. Default: 1, whatever the call. */
  readonly cost?: (invocation: Invocation<User>) => number;
  /**
   * Users or tenants kept in mind at the same time. Those whose limit is whole again are dropped; past this number, the one that
   * has not called for the longest time is, and begins anew. Default 10,000.
   */
  readonly maximumKeys?: number;
  /** Where time comes from, for tests. Default: the system's clock. */
  readonly clock?: Clock;
}

/** What one kind of limit does in its own way. */
export interface LimitRules {
  readonly make: () => Allowance;
  /** Milliseconds that a call may wait for its turn. */
  readonly patience: number;
  /** Whether a call too many ends its connection. */
  readonly closes: boolean;
  /** What the caller is told, without when to try again. */
  readonly text: string;
}

const MAXIMUM_KEYS = 10_000;

/** A filter that lets calls through as far as an allowance goes. */
export function limitFilter<User>(options: LimitFilterOptions<User>, rules: LimitRules): HubFilter<User> {
  const limiter = new Limiter(options, rules);
  return { invoke: (invocation, next) => limiter.run(invocation, next) };
}

class Limiter<User> {
  readonly #per: LimitScope<User>;
  readonly #cost: ((invocation: Invocation<User>) => number) | undefined;
  readonly #clock: Clock;
  readonly #rules: LimitRules;
  readonly #byKey: Allowances;
  /** By what a connection keeps for as long as it lives. */
  readonly #byConnection = new WeakMap<object, Allowance>();
  #wheel: TimerWheel | undefined;

  constructor({ per, cost, maximumKeys = MAXIMUM_KEYS, clock = systemClock }: LimitFilterOptions<User>, rules: LimitRules) {
    if (per !== 'connection' && per !== 'user' && typeof per !== 'function')
      throw invalid('per', per, "'connection', 'user' or a function");
    if (cost !== undefined && typeof cost !== 'function') throw invalid('cost', cost, 'a function');
    checkCount('maximumKeys', maximumKeys);
    this.#per = per;
    this.#cost = cost;
    this.#clock = clock;
    this.#rules = rules;
    this.#byKey = new Allowances(maximumKeys, rules.make);
  }

  run(invocation: Invocation<User>, next: () => Promise<unknown>): Promise<unknown> {
    const { context } = invocation;
    const cost = this.#costOf(invocation);
    const now = this.#clock.now();
    const allowance = cost === 0 ? undefined : this.#allowanceOf(context, now);
    if (allowance === undefined) return next();
    const wait = allowance.take(cost, now, this.#rules.patience);
    if (wait === 0) return next();
    if (wait <= this.#rules.patience) return this.#goLater(wait, context.signal, next);
    const error = new LimitError(`${this.#rules.text} ${advice(wait)}`, wait);
    if (this.#rules.closes) context.abort(error);
    return Promise.reject(error);
  }

  async #goLater(wait: number, signal: AbortSignal, next: () => Promise<unknown>): Promise<unknown> {
    await this.#wait(wait, signal);
    return next();
  }

  #costOf(invocation: Invocation<User>): number {
    const cost = this.#cost?.(invocation) ?? 1;
    if (typeof cost === 'number' && cost >= 0) return cost;
    throw invalid('cost', cost, 'a function that returns a number, 0 or above');
  }

  #allowanceOf(context: HubContext<unknown, User>, now: number): Allowance | undefined {
    const per = this.#per;
    if (typeof per === 'function') {
      const key = per(context);
      return key === undefined ? undefined : this.#byKey.of(key, now);
    }
    const { userId } = context;
    return per === 'user' && userId !== undefined ? this.#byKey.of(userId, now) : this.#ofConnection(context.items);
  }

  #ofConnection(connection: object): Allowance {
    const known = this.#byConnection.get(connection);
    if (known !== undefined) return known;
    const allowance = this.#rules.make();
    this.#byConnection.set(connection, allowance);
    return allowance;
  }

  /** Rejects where the connection ends, or the caller cancels its stream, before the time has come. */
  #wait(milliseconds: number, signal: AbortSignal): Promise<void> {
    const wheel = (this.#wheel ??= new TimerWheel(this.#clock));
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        wheel.cancel(timer);
        reject(new HubError('The call was given up while it waited for its turn.'));
      };
      const timer = new Timer(() => {
        signal.removeEventListener('abort', leave);
        resolve();
      });
      if (signal.aborted) return leave();
      signal.addEventListener('abort', leave, { once: true });
      wheel.arm(timer, milliseconds);
    });
  }
}

function advice(wait: number): string {
  if (wait === Number.POSITIVE_INFINITY) return 'This call costs more than is ever allowed at once.';
  const seconds = wait < 10_000 ? Math.ceil(wait / 100) / 10 : Math.ceil(wait / 1_000);
  return `Try again in ${seconds.toLocaleString('en-US')} s.`;
}

/** @throws SignalboxError SIGNALBOX_INVALID_OPTION where it is no number above 0 */
export function checkAmount(option: string, value: unknown): void {
  if (!(typeof value === 'number' && value > 0 && value < Number.POSITIVE_INFINITY)) throw invalid(option, value, 'a number above 0');
}

/** @throws SignalboxError SIGNALBOX_INVALID_OPTION where it is no whole number above 0 */
function checkCount(option: string, value: unknown): void {
  if (!(Number.isSafeInteger(value) && (value as number) > 0)) throw invalid(option, value, 'a whole number above 0');
}

/** @throws SignalboxError SIGNALBOX_INVALID_OPTION where it is none of the choices */
export function checkChoice(option: string, value: unknown, choices: readonly string[]): void {
  if (!choices.some((choice) => choice === value)) throw invalid(option, value, choices.map((choice) => `'${choice}'`).join(' or '));
}

const invalid = (option: string, given: unknown, expected: string): Error =>
  codedError('SIGNALBOX_INVALID_OPTION', { option: `${option} of a limit`, given: describe(given), expected });
