/** The fields that a text names: `'no {a}, no {b}'` has `a` and `b`. */
export type FieldsIn<Text extends string> = Text extends `${string}{${infer Field}}${infer Rest}` ? Field | FieldsIn<Rest> : never;

/** Puts values into the places that a text names. A field without a value stays as it is written. */
export function fill(text: string, values: Readonly<Record<string, string | number | boolean | undefined>>): string {
  return text.replaceAll(/\{(\w+)\}/g, (place, field: string) => String(values[field] ?? place));
}
