/**
 * The deepest nesting of a message's arrays and objects, the message itself included: what the reference server's JSON
 * reader takes. What is no deeper can be written again in any protocol, and walked without fear for the stack.
 */
export const MAX_DEPTH = 64;

/** Whether arrays and objects are nested in `value`, itself included, to more than `levels`. */
export function isDeeper(value: object, levels: number): boolean {
  if (levels === 0) return true;
  if (Array.isArray(value)) {
    for (const item of value as unknown[]) if (isContainer(item) && isDeeper(item, levels - 1)) return true;
    return false;
  }
  // What a codec made of bytes: as many names as there are bytes, and none that leads deeper.
  if (ArrayBuffer.isView(value)) return false;
  // Half the time of Object.values, which makes an array; what is inherited does no harm here.
  for (const name in value) {
    const item = (value as Record<string, unknown>)[name];
    if (isContainer(item) && isDeeper(item, levels - 1)) return true;
  }
  return false;
}

function isContainer(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
