import type { IncomingMessage } from 'node:http';

/**
 * Something of a connection's HTTP request that is kept with the connection: how it is read from the request, and the key to
 * get it by. Made by `feature`. Hosts keep those that their option `features` lists, and nothing else of a request's object.
 */
export interface Feature<Value> {
  read(request: IncomingMessage): Value;
}

/** What a host keeps of a connection's request. */
export interface Features {
  /** Undefined where the host does not list the feature. */
  get<Value>(feature: Feature<Value>): Value | undefined;
}

/**
 * Makes a feature: `const session = feature((request: SessionRequest) => request.session)`. What it returns lives as long as
 * the connection: return what is needed, not the request.
 *
 * @param read - called once for each request that `features` are kept of, before `authenticate` is asked. Annotate `request` where code
 *   in front of the hub has put something on Node's object. When it throws, the request is answered with 500
 */
export function feature<Value>(read: Feature<Value>['read']): Feature<Value> {
  return Object.freeze({ read });
}

/** What was read of one request. */
class ReadFeatures implements Features {
  readonly #values: ReadonlyMap<Feature<unknown>, unknown>;

  constructor(values: ReadonlyMap<Feature<unknown>, unknown>) {
    this.#values = values;
  }

  get<Value>(key: Feature<Value>): Value | undefined {
    return this.#values.get(key) as Value | undefined;
  }
}

/** Those of a host that asks for none. */
export const noFeatures: Features = new ReadFeatures(new Map());

/** A request is looked at when it is admitted, and again when a connection is made of it. */
const read = new WeakMap<IncomingMessage, Features>();

/**
 * Reads the features of a request, once.
 *
 * @throws what a feature throws
 */
export function featuresOf(request: IncomingMessage, features: readonly Feature<unknown>[]): Features {
  if (features.length === 0) return noFeatures;
  const known = read.get(request);
  if (known !== undefined) return known;
  const values = new ReadFeatures(new Map(features.map((key) => [key, key.read(request)])));
  read.set(request, values);
  return values;
}
