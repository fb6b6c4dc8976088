import type { Page } from 'playwright-core';

/* What is measured on the page itself. The functions given to `evaluate` run there, so each carries all that it needs. */

/** Runs in the page: every visible text, placeholder and field edge whose contrast is under WCAG's AA. */
export function lowContrast(): string[] {
  type Colour = readonly [number, number, number, number];
  const parse = (text: string): Colour => {
    const [r = 0, g = 0, b = 0, a = 1] = (text.match(/[\d.]+/g) ?? []).map(Number);
    return [r, g, b, a];
  };
  const over = (top: Colour, bottom: Colour): Colour => {
    const mix = (index: 0 | 1 | 2): number => top[index] * top[3] + bottom[index] * (1 - top[3]);
    return [mix(0), mix(1), mix(2), 1];
  };
  const linear = (value: number): number => (value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4);
  const luminance = ([r, g, b]: Colour): number => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
  const ratio = (one: Colour, other: Colour): number => {
    const [high = 0, low = 0] = [luminance(one), luminance(other)].toSorted((x, y) => y - x);
    return (high + 0.05) / (low + 0.05);
  };
  const chain = (element: Element): Element[] => (element.parentElement ? [...chain(element.parentElement), element] : [element]);
  const background = (element: Element): Colour =>
    chain(element).reduce<Colour>((below, at) => over(parse(getComputedStyle(at).backgroundColor), below), [255, 255, 255, 1]);
  const opacity = (element: Element): number => chain(element).reduce((all, at) => all * Number(getComputedStyle(at).opacity), 1);
  const found: string[] = [];
  const check = (what: string, colour: string, element: Element, behind: Element, least: number): void => {
    const [r, g, b, a] = parse(colour);
    const ground = background(behind);
    const value = ratio(over([r, g, b, a * opacity(element)], ground), ground);
    if (value < least) found.push(`${what}: ${value.toFixed(2)}, ${colour} on rgb(${ground.slice(0, 3).map(Math.round).join(', ')})`);
  };

  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  let seen = 0;
  while (texts.nextNode()) {
    const element = texts.currentNode.parentElement;
    const text = texts.currentNode.textContent?.trim() ?? '';
    if (!element || text === '' || !element.checkVisibility() || element.closest('.hidden, .dots, noscript, script')) continue;
    seen++;
    check(`"${text.slice(0, 30)}"`, getComputedStyle(element).color, element, element, 4.5);
  }
  for (const field of document.querySelectorAll<HTMLInputElement>('input:not([type=radio], [type=checkbox]), textarea')) {
    if (!field.checkVisibility()) continue;
    check(`value of ${field.id}`, getComputedStyle(field).color, field, field, 4.5);
    check(`placeholder of ${field.id}`, getComputedStyle(field, '::placeholder').color, field, field, 4.5);
    check(`edge of ${field.id}`, getComputedStyle(field).borderTopColor, field, field.parentElement ?? field, 3);
  }
  if (seen < 20) found.push(`only ${seen} texts were looked at`);
  return found;
}

/** Runs in the page: what sticks out to the side. */
export function tooWide(): string[] {
  const width = innerWidth;
  const scrolled = document.scrollingElement?.scrollWidth ?? 0;
  const found = scrolled > width ? [`the page: ${scrolled} of ${width}`] : [];
  const isCutOnPurpose = ({ parentElement }: Element): boolean =>
    parentElement !== null && (getComputedStyle(parentElement).textOverflow === 'ellipsis' || isCutOnPurpose(parentElement));
  for (const element of document.body.querySelectorAll('*')) {
    if (!element.checkVisibility() || element.closest('.hidden, .skip, svg, .track') || isCutOnPurpose(element)) continue;
    const { left, right, width: own } = element.getBoundingClientRect();
    const name = `${element.tagName.toLowerCase()}${element.id && `#${element.id}`}.${element.className}`;
    if (own > 0 && (right > width + 0.5 || left < -0.5)) found.push(`${name}: ${left} to ${right}`);
    const style = getComputedStyle(element);
    const cut = element.scrollWidth > element.clientWidth + 1 && element.clientWidth > 0 && style.display !== 'inline';
    if (cut && style.textOverflow !== 'ellipsis' && style.overflowX !== 'visible') found.push(`${name}: content is cut off`);
  }
  return found;
}

export interface Stops {
  /** The ids, or texts, of all there is to stop at, in the order of the page. */
  readonly expected: string[];
  /** Where the Tab key stops, beginning with the first of the page. */
  readonly reached: string[];
  /** Where it stops without a visible mark. */
  readonly unmarked: string[];
}

/** Goes once round the page with the Tab key, from wherever the focus is. */
export async function keyboardStops(page: Page): Promise<Stops> {
  const expected = await page.evaluate(() => {
    const controls = document.querySelectorAll<HTMLElement>('a[href], button:enabled, input:enabled, textarea:enabled, [tabindex="0"]');
    const tabbable = [...controls].filter((control) => control.checkVisibility() && !control.matches('[type=radio]:not(:checked)'));
    for (const [index, control] of tabbable.entries())
      control.dataset['stop'] = control.id || `${index}: ${control.ariaLabel ?? control.textContent?.trim() ?? ''}`;
    return tabbable.map((control) => control.dataset['stop'] ?? '');
  });
  const stops: string[] = [];
  const unmarked: string[] = [];
  // The page itself has the focus once on the way round.
  for (let pressed = 0; pressed <= expected.length; pressed++) {
    await page.keyboard.press('Tab');
    const at = await page.evaluate(() => {
      const focused = document.activeElement as HTMLElement;
      // A radio button's look is its neighbour's.
      const shown = focused.matches('[type=radio]') ? (focused.nextElementSibling ?? focused) : focused;
      const { outlineStyle, outlineWidth } = getComputedStyle(shown);
      return { name: focused.dataset['stop'] ?? focused.tagName, marked: outlineStyle !== 'none' && Number.parseFloat(outlineWidth) >= 2 };
    });
    if (at.name === 'BODY' || stops.includes(at.name)) continue;
    stops.push(at.name);
    if (!at.marked) unmarked.push(at.name);
  }
  const first = Math.max(stops.indexOf(expected[0] ?? ''), 0);
  return { expected, reached: [...stops.slice(first), ...stops.slice(0, first)], unmarked };
}
