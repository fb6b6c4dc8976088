/** Sections of a page that the program writes; everything around them is somebody's. */
export interface Section {
  readonly name: string;
  readonly title: string;
  readonly text: string;
}

const begin = (name: string): string => `<!-- bench ${name}: written by the program -->`;
const end = (name: string): string => `<!-- end of bench ${name} -->`;

/**
 * Puts sections into a page: each in the place of the one of its name, or at the end under a heading of its own. What stands outside
 * of the marks stays as it is.
 */
export function withSections(page: string, sections: readonly Section[]): string {
  return sections.reduce(withSection, page);
}

function withSection(page: string, { name, title, text }: Section): string {
  const written = `${begin(name)}\n\n${text}\n\n${end(name)}`;
  const from = page.indexOf(begin(name));
  const to = page.indexOf(end(name), from);
  if (from === -1 || to === -1) return `${page.trimEnd()}\n\n## ${title}\n\n${written}\n`.trimStart();
  return page.slice(0, from) + written + page.slice(to + end(name).length);
}
