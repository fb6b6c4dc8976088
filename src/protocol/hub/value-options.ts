/**
 * Refuses what an option does not take.
 *
 * @throws TypeError
 */
export function oneOf(option: string, value: unknown, known: readonly string[]): void {
  if (known.includes(value as string)) return;
  throw new TypeError(`The option ${option} is ${String(value)}. Expected ${known.map((name) => `'${name}'`).join(' or ')}.`);
}
