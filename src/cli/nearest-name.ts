/** Characters to change, leave out, put in, or swap with the next one, that make one text of another. */
function distance(one: string, other: string): number {
  let before: readonly number[] = [];
  let row: readonly number[] = Array.from({ length: other.length + 1 }, (_, column) => column);
  for (let line = 1; line <= one.length; line++) {
    const next = [line];
    for (let column = 1; column <= other.length; column++) {
      const replaced = at(row, column - 1) + (one[line - 1] === other[column - 1] ? 0 : 1);
      const swaps = line > 1 && column > 1 && one[line - 1] === other[column - 2] && one[line - 2] === other[column - 1];
      const swapped = swaps ? at(before, column - 2) + 1 : replaced;
      next.push(Math.min(replaced, swapped, at(row, column) + 1, at(next, column - 1) + 1));
    }
    [before, row] = [row, next];
  }
  return at(row, other.length);
}

const at = (row: readonly number[], column: number): number => row[column] ?? 0;

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
