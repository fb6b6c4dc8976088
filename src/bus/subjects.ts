import { hubSubject, subjectPart } from '../backplane/subject-names.ts';

/** The subjects of one hub: `<prefix>.all.<hub>`, `<prefix>.group.<name>.<hub>`. */
export class Subjects {
  /** What every server of the hub hears. */
  readonly all: string;
  readonly #prefix: string;
  readonly #hub: string;

  constructor(prefix: string, hub: string) {
    this.#prefix = prefix;
    this.#hub = hubSubject(hub);
    this.all = `${prefix}.all.${this.#hub}`;
  }

  /** What one server hears: answers to what it asked. */
  server(id: string): string {
    return this.#subject('server', id);
  }

  /** What the server of a connection hears. */
  connection(id: string): string {
    return this.#subject('connection', id);
  }

  /** What every server hears that has a connection of the user. */
  user(id: string): string {
    return this.#subject('user', id);
  }

  /** What every server hears that has a member of the group. */
  group(name: string): string {
    return this.#subject('group', name);
  }

  #subject(kind: string, name: string): string {
    return `${this.#prefix}.${kind}.${subjectPart(name)}.${this.#hub}`;
  }
}
