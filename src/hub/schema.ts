import type { StandardSchemaV1 } from '@standard-schema/spec';

/** A validator of any library that implements Standard Schema, such as zod, valibot or arktype. */
export type Schema<Input = unknown, Output = unknown> = StandardSchemaV1<Input, Output>;

/** A parameter whose values arrive one by one, as the caller produces them. Made by `streamOf`. */
export interface StreamOf<Item extends Schema = Schema> {
  /** The validator of each item. */
  readonly '~stream': Item;
}

/**
 * Declares that a parameter is a stream from the caller. The method receives an `AsyncIterable` of validated items.
 *
 * @param item - the validator of each item
 */
export function streamOf<Item extends Schema>(item: Item): StreamOf<Item> {
  return Object.freeze({ '~stream': item });
}

/** What a method declares for one argument. */
export type Parameter = Schema | StreamOf;

/** Whether a value is a validator or a stream of one. A validator may be a function with properties, as arktype's are. */
export function isParameter(value: unknown): value is Parameter {
  return isSchema(value) || (typeof value === 'object' && value !== null && '~stream' in value && isSchema(value['~stream']));
}

export function isSchema(value: unknown): value is Schema {
  if (value === null || (typeof value !== 'object' && typeof value !== 'function')) return false;
  return '~standard' in value && typeof value['~standard'] === 'object' && value['~standard'] !== null;
}

/** What the caller passes for a parameter, before validation. */
export type InputOf<P> =
  P extends StreamOf<infer Item>
    ? AsyncIterable<StandardSchemaV1.InferInput<Item>>
    : P extends Schema
      ? StandardSchemaV1.InferInput<P>
      : never;

/** What the method receives for a parameter, after validation. */
export type OutputOf<P> =
  P extends StreamOf<infer Item>
    ? AsyncIterable<StandardSchemaV1.InferOutput<Item>>
    : P extends Schema
      ? StandardSchemaV1.InferOutput<P>
      : never;

/** The arguments of a method's handler. */
export type Outputs<P extends readonly Parameter[]> = { -readonly [I in keyof P]: OutputOf<P[I]> };
