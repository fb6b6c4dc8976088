import { isPromise, type MaybePromise } from '../base/promise.ts';
import { CallRefused } from './call-refused.ts';
import { errorText } from './error-text.ts';
import { HubError } from './hub-error.ts';
import type { DefinedMethod } from './method-table.ts';
import type { Parameter, Schema, StreamOf } from './schema.ts';
import type { UploadStream } from './upload-stream.ts';

/**
 * The arguments as the method gets them: validated, streams put in their places. Missing ones at the end count as undefined
 * where their validators accept that. Returns a promise only where a validator does.
 *
 * @throws CallRefused in the reference server's words; what a validator throws
 */
export function bindArguments(
  method: DefinedMethod,
  target: string,
  args: readonly unknown[],
  uploads: readonly UploadStream[],
  detailed: boolean,
): MaybePromise<readonly unknown[]> {
  const { parameters, streams } = method;
  if (parameters === undefined) return uploads.length === 0 ? args : [...args, ...uploads];
  if (streams > 0 || args.length !== parameters.length) return new Binding(parameters, streams, { target, args, uploads, detailed }).bind();
  // Nearly always there is one argument for each parameter, and no validator has to be waited for.
  const bound: unknown[] = [];
  for (let index = 0; index < args.length; index++) {
    const result = (parameters[index] as Schema)['~standard'].validate(args[index]);
    if (isPromise(result)) return new Binding(parameters, 0, { target, args, uploads, detailed }, bound).waitFor(result);
    if (result.issues !== undefined) throw wrongType(target, detailed);
    bound.push(result.value);
  }
  return bound;
}

interface Sent {
  readonly target: string;
  readonly args: readonly unknown[];
  readonly uploads: readonly UploadStream[];
  readonly detailed: boolean;
}

type Validated = Awaited<ReturnType<Schema['~standard']['validate']>>;

/** Binds one parameter after the other, waiting where a validator does. */
class Binding {
  readonly #parameters: readonly Parameter[];
  readonly #sent: Sent;
  readonly #expected: number;
  readonly #bound: unknown[];
  #uploads = 0;

  /** @param bound - what is bound already */
  constructor(parameters: readonly Parameter[], streams: number, sent: Sent, bound: unknown[] = []) {
    this.#parameters = parameters;
    this.#sent = sent;
    this.#expected = parameters.length - streams;
    this.#bound = bound;
    if (sent.args.length > this.#expected) throw this.#wrongCount();
  }

  bind(): MaybePromise<readonly unknown[]> {
    while (this.#bound.length < this.#parameters.length) {
      const parameter = this.#parameters[this.#bound.length] as Parameter;
      if (isStream(parameter)) {
        // Where there are too few of them the call is refused before the method sees it.
        this.#bound.push(this.#sent.uploads[this.#uploads++]?.validateWith(parameter['~stream']));
        continue;
      }
      const result = parameter['~standard'].validate(this.#sent.args[this.#next]);
      if (isPromise(result)) return this.waitFor(result);
      this.#take(result);
    }
    return this.#bound;
  }

  /** Waits for the validator of the next parameter, and goes on. */
  waitFor(validated: PromiseLike<Validated>): PromiseLike<readonly unknown[]> {
    return validated.then((result) => {
      this.#take(result);
      return this.bind();
    });
  }

  /** The index of the plain argument that is bound next. */
  get #next(): number {
    return this.#bound.length - this.#uploads;
  }

  #take(result: Validated): void {
    const { target, args, detailed } = this.#sent;
    if (result.issues !== undefined) throw this.#next < args.length ? wrongType(target, detailed) : this.#wrongCount();
    this.#bound.push(result.value);
  }

  #wrongCount(): CallRefused {
    const { target, args, detailed } = this.#sent;
    return new CallRefused(errorText.binding(target, errorText.argumentCount(args.length, this.#expected), detailed));
  }
}

function wrongType(target: string, detailed: boolean): CallRefused {
  return new CallRefused(errorText.binding(target, errorText.argumentType, detailed));
}

/**
 * Refuses a call that does not bring as many streams as the method takes.
 *
 * @throws CallRefused in the reference server's words
 */
export function checkStreamCount(method: DefinedMethod, target: string, streamIds: number, detailed: boolean): void {
  if (method.parameters === undefined || streamIds === method.streams) return;
  throw new CallRefused(errorText.invoking(target, new HubError(errorText.streamCount(streamIds, method.streams)), detailed));
}

function isStream(parameter: Parameter): parameter is StreamOf {
  return '~stream' in parameter;
}
