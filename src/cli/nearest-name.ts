/** Changes of one character that make one text of another. */
function distance(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, column) => column);
  for (let line = 0; line < one.length; line++) {
    const next = [line + 1];
    for (let column = 1; column <= other.length; column++) {
      const replaced = (row[column - 1] ?? 0) + (one[line] === other[column - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[column] ?? 0) + 1, (next[column - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}

/** Past it a name is no name. */
const LONGEST = 100;

/** The name that somebody may have meant, in whatever case; undefined where none is near: a third of it may be wrong, and no more than four characters. */
export function nearestName(given: string, names: Iterable<string>): string | undefined {
  if (given.length > LONGEST) return undefined;
  let nearest: string | undefined;
  let best = Math.min(4, Math.floor(given.length / 3)) + 1;
  for (const name of names) {
    const wrong = distance(given.toLowerCase(), name.toLowerCase());
    if (wrong < best) [nearest, best] = [name, wrong];
  }
  return nearest;
}
