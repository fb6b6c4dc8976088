import { byId } from './dom.js';

/* Only one part of the page fits on a small screen. On a larger one the conversation is always there, with one of the others or both. */

const narrow = matchMedia('(max-width: 759px)');
const buttons = document.querySelectorAll('.views button');

export function showView(view) {
  document.body.dataset.view = view;
  for (const button of buttons) button.ariaPressed = String(button.dataset.view === view);
  if (view === 'chat') delete document.body.dataset.unread;
}

export function showConversation() {
  if (narrow.matches) showView('chat');
}

/** Marks the conversation, and the tab, where a new message is out of sight. */
export function noticeUnread() {
  if (narrow.matches && document.body.dataset.view !== 'chat') document.body.dataset.unread = '';
  if (document.hidden) document.title = `(${++unread}) ${title}`;
}

const { title } = document;
let unread = 0;

function fit() {
  showView(narrow.matches ? 'chat' : 'people');
}

for (const button of buttons) button.addEventListener('click', () => showView(button.dataset.view));
byId('skip').addEventListener('click', showConversation);
narrow.addEventListener('change', fit);
document.addEventListener('visibilitychange', () => {
  if (document.hidden) return;
  unread = 0;
  document.title = title;
});
fit();
