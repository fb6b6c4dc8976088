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
  if (method.parameters === undefined) return uploads.length === 0 ? args : [...args, ...uploads];
  return new Binding(method.parameters, method.streams, { target, args, uploads, detailed }).bind(0);
}

interface Sent {
  readonly target: string;
  readonly args: readonly unknown[];
  readonly uploads: readonly UploadStream[];
  readonly detailed: boolean;
}

class Binding {
  readonly #parameters: readonly Parameter[];
  readonly #sent: Sent;
  readonly #expected: number;
  readonly #bound: unknown[] = [];
  #taken = 0;
  #uploads = 0;

  constructor(parameters: readonly Parameter[], streams: number, sent: Sent) {
    this.#parameters = parameters;
    this.#sent = sent;
    this.#expected = parameters.length - streams;
    if (sent.args.length > this.#expected) throw this.#wrongCount();
  }

  bind(from: number): MaybePromise<readonly unknown[]> {
    for (let index = from; index < this.#parameters.length; index++) {
      const parameter = this.#parameters[index] as Parameter;
      if (isStream(parameter)) {
        // Where there are too few of them the call is refused before the method sees it.
        this.#bound.push(this.#sent.uploads[this.#uploads++]?.validateWith(parameter['~stream']));
        continue;
      }
      const result = parameter['~standard'].validate(this.#sent.args[this.#taken]);
      if (isPromise(result)) {
        return result.then((settled) => {
          this.#take(settled);
          return this.bind(index + 1);
        });
      }
      this.#take(result);
    }
    return this.#bound;
  }

  #take(result: Awaited<ReturnType<Schema['~standard']['validate']>>): void {
    if (result.issues !== undefined) throw this.#taken < this.#sent.args.length ? this.#wrongType() : this.#wrongCount();
    this.#bound.push(result.value);
    this.#taken++;
  }

  #wrongCount(): CallRefused {
    const reason = errorText.argumentCount(this.#sent.args.length, this.#expected);
    return new CallRefused(errorText.binding(this.#sent.target, reason, this.#sent.detailed));
  }

  #wrongType(): CallRefused {
    return new CallRefused(errorText.binding(this.#sent.target, errorText.argumentType, this.#sent.detailed));
  }
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
