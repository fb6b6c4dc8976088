import { hubSubject, subjectPart } from '../backplane/subject-names.ts';

/** The subjects of the nodes of one service: `<prefix>.all`, `<prefix>.node.<id>`, `<prefix>.hub.<hub>`. */
export class NodeSubjects {
  /** What every node hears. */
  readonly all: string;
  readonly #prefix: string;

  constructor(prefix: string) {
    this.#prefix = prefix;
    this.all = `${prefix}.all`;
  }

  /** What one node hears. */
  node(id: string): string {
    return `${this.#prefix}.node.${subjectPart(id)}`;
  }

  /** What every node hears that has clients of the hub. */
  hub(name: string): string {
    return `${this.#prefix}.hub.${hubSubject(name)}`;
  }
}
