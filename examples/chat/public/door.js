import { byId, setText } from './dom.js';
import { suggestedNickname } from './settings.js';

/** The form that asks for a name before there is a room to talk in. */
export class Door {
  #form = byId('join');
  #name = byId('nickname');

  /** @param enter is called with a name to try */
  constructor(enter) {
    this.#name.value = suggestedNickname();
    this.#form.addEventListener('submit', (event) => {
      event.preventDefault();
      const name = this.#name.value.trim();
      if (name === '') this.open('A name needs at least one letter.');
      else enter(name);
    });
  }

  /** Shows the form, with the reason why the last name did not do. */
  open(reason = '') {
    this.#form.hidden = false;
    byId('talk').hidden = true;
    byId('leave').hidden = true;
    setText('join-error', reason);
    this.#name.ariaInvalid = String(reason !== '');
    this.#name.focus();
    this.#name.select();
    enable(false);
  }

  /** Returns whether it was open. */
  close() {
    const wasOpen = byId('talk').hidden;
    this.#form.hidden = true;
    byId('talk').hidden = false;
    byId('leave').hidden = false;
    enable(true);
    return wasOpen;
  }
}

/** What only works inside a room. */
function enable(inRoom) {
  for (const id of ['ask', 'upload']) byId(id).disabled = !inRoom;
}
