const BEGIN = '<!-- chaos: written by the program -->';
const END = '<!-- end of chaos -->';

/**
 * Puts a text between the marks of a page. What stands around them stays as it is.
 *
 * @throws Error for a page without them
 */
export function withTable(page: string, text: string): string {
  const from = page.indexOf(BEGIN);
  const to = page.indexOf(END, from);
  if (from === -1 || to === -1) throw new Error(`The page has no lines ${BEGIN} and ${END}`);
  return `${page.slice(0, from)}${BEGIN}\n\n${text}\n\n${page.slice(to)}`;
}
