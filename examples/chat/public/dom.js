/** The element with this id, which is in the page. */
export function byId(id) {
  return document.getElementById(id);
}

/** A new element. Strings among the children become text, never markup. */
export function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name in made) made[name] = value;
    else made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

/** A name that people chose. Its writing direction stays its own. */
export function nameOf(nickname, className = 'name') {
  return element('bdi', { className }, nickname);
}

/** Sets an element's text, unless it is that already: a live region speaks at every write. */
export function setText(id, text) {
  const node = byId(id);
  if (node.textContent !== text) node.textContent = text;
}
