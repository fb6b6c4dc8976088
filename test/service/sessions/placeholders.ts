/**
 * Which id of today stands for which placeholder of a transcript. Both are equally long, so that bytes with one in them stay what they are when it is
 * replaced.
 */
export class Placeholders {
  readonly #pairs: (readonly [placeholder: string, live: string])[] = [];

  learn(placeholder: string, live: string): void {
    if (placeholder.length !== live.length) throw new Error(`An id is not as long as its placeholder: ${live}, ${placeholder}`);
    this.#pairs.push([placeholder, live]);
  }

  /** The recorded text with today's ids in it. */
  live(recorded: string): string {
    return this.#pairs.reduce((text, [placeholder, live]) => text.replaceAll(placeholder, live), recorded);
  }

  /** Today's text with the placeholders in it. */
  recorded(live: string): string {
    return this.#pairs.reduce((text, [placeholder, today]) => text.replaceAll(today, placeholder), live);
  }
}
