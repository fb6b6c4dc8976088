import { byId } from './dom.js';

/** A client result: the server calls `ask` over the connection and waits for what it returns. */
export class QuestionCard {
  #card = byId('question');
  #answer;
  #ticking;

  constructor() {
    byId('question-yes').addEventListener('click', () => this.#answer?.(true));
    byId('question-no').addEventListener('click', () => this.#answer?.(false));
  }

  /** Resolves with the user's answer, or with `false` when the time is up. */
  async ask({ text, seconds }) {
    this.dismiss();
    const before = document.activeElement;
    byId('question-text').textContent = text;
    this.#card.hidden = false;
    // Not from under someone's hands: an Enter meant for a message would answer.
    if (!before?.matches('input, textarea')) this.#card.focus();
    const answer = await new Promise((resolve) => {
      this.#answer = resolve;
      this.#countDown(Date.now() + seconds * 1000);
    });
    const hadFocus = this.#card.contains(document.activeElement);
    this.#close();
    if (hadFocus && before?.isConnected) before.focus();
    return answer;
  }

  /** Takes the card away, if it is there: nobody waits for the answer any more. */
  dismiss() {
    this.#answer?.(false);
  }

  #countDown(end) {
    const left = Math.ceil((end - Date.now()) / 1000);
    byId('question-time').textContent = `${left} s`;
    if (left <= 0) return this.dismiss();
    this.#ticking = setTimeout(() => this.#countDown(end), 250);
  }

  #close() {
    clearTimeout(this.#ticking);
    this.#answer = undefined;
    this.#card.hidden = true;
  }
}
