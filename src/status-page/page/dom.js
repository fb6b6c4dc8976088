/** The element with this id, which is in the page. */
export function byId(id) {
  return document.getElementById(id);
}

/** A new element. Strings among the children become text, never markup. */
export function element(tag, className = '', ...children) {
  const made = document.createElement(tag);
  made.className = className;
  made.append(...children);
  return made;
}

/** Sets a text, unless it is that already: what somebody selects stays selected, and a live region speaks at every write. */
export function write(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/**
 * Keeps the children of an element as a list has it: one for each item, known by its key, in the list's order.
 *
 * @param make makes the child of a key; it has `node` and `show(item)`
 * @param kept what this made before, by key
 */
export function keep(parent, items, keyOf, make, kept) {
  const keys = new Set(items.map(keyOf));
  for (const [key, child] of kept) {
    if (keys.has(key)) continue;
    child.node.remove();
    kept.delete(key);
  }
  let next = parent.firstElementChild;
  for (const item of items) {
    const key = keyOf(item);
    const child = kept.get(key) ?? make(key);
    kept.set(key, child);
    if (child.node === next) next = next.nextElementSibling;
    else parent.insertBefore(child.node, next);
    child.show(item);
  }
}
