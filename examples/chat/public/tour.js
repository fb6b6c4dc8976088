import { byId, element } from './dom.js';

/** Marks a step of the tour as done. */
export function tick(step) {
  const item = byId('tour').querySelector(`[data-step=${step}]:not(.done)`);
  if (!item) return;
  item.classList.add('done');
  item.append(element('span', { className: 'hidden' }, ' (done)'));
}
