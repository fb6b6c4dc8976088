/** Markdown wants as many dashes below a head. */
const NARROWEST = 3;
/** A column of such cells is set to the right. */
const NUMBER = /^[-–]?[\d.,]/;

/** A table that is both Markdown and readable as it stands. */
export function tableOf(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, column) => Math.max(NARROWEST, title.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const toTheRight = head.map(
    (_, column) => rows.some((row) => (row[column] ?? '') !== '') && rows.every((row) => isNumber(row[column] ?? '')),
  );
  const line = (cells: readonly string[]): string =>
    `| ${widths.map((width, column) => padded(cells[column] ?? '', width, toTheRight[column] === true)).join(' | ')} |`;
  const rule = `| ${widths.map((width, column) => (toTheRight[column] === true ? `${'-'.repeat(width - 1)}:` : '-'.repeat(width))).join(' | ')} |`;
  return [line(head), rule, ...rows.map(line)].join('\n');
}

const isNumber = (cell: string): boolean => cell === '' || NUMBER.test(cell);
const padded = (cell: string, width: number, toTheRight: boolean): string => (toTheRight ? cell.padStart(width) : cell.padEnd(width));

/** A number with three digits that count; thousands apart from 10,000 on. */
export function shown(value: number | undefined): string {
  if (value === undefined) return '';
  const size = Math.abs(value);
  if (size >= 1000) return Math.round(value).toLocaleString('en');
  if (size >= 100) return value.toFixed(0);
  if (size >= 10) return value.toFixed(1);
  return value.toFixed(size >= 1 ? 2 : 3);
}
