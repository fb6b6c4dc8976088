import { byId, setText } from './dom.js';
import { reasonOf } from './errors.js';

/** Where messages are written, for the room or for one person. */
export class Composer {
  #connection;
  #typing;
  #failed;
  #box = byId('text');
  #noteTo = '';

  /** @param failed is told why a message was not sent */
  constructor(connection, typing, failed) {
    this.#connection = connection;
    this.#typing = typing;
    this.#failed = failed;
    byId('composer').addEventListener('submit', (event) => {
      event.preventDefault();
      void this.#send();
    });
    this.#box.addEventListener('keydown', (event) => this.#pressed(event));
    this.#box.addEventListener('input', () => {
      // A private note is nobody else's business, not even that there is one.
      if (this.#noteTo === '') typing.typed();
    });
    byId('note-cancel').addEventListener('click', () => this.writeTo(''));
  }

  focus() {
    this.#box.focus();
  }

  /** Makes the next messages private notes to this person; an empty name goes back to the room. */
  writeTo(nickname) {
    this.#noteTo = nickname;
    byId('note-to').hidden = nickname === '';
    setText('note-name', nickname);
    this.#box.placeholder = nickname === '' ? 'Say something' : 'Only the two of you will see it';
    this.focus();
  }

  /** Goes back to the room when the one written to has left. */
  keepTo(people) {
    if (this.#noteTo !== '' && people.every(({ nickname }) => nickname !== this.#noteTo)) this.writeTo('');
  }

  #pressed(event) {
    if (event.key === 'Escape' && this.#noteTo !== '') this.writeTo('');
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    void this.#send();
  }

  async #send() {
    const text = this.#box.value;
    if (text.trim() === '') return;
    this.#box.value = '';
    this.#typing.sent();
    try {
      await (this.#noteTo === '' ? this.#connection.invoke('say', text) : this.#connection.invoke('note', this.#noteTo, text));
    } catch (error) {
      // Back into the box, unless the next message is already there.
      if (this.#box.value === '') this.#box.value = text;
      this.#failed(reasonOf(error));
    }
  }
}
