import { Composer } from './composer.js';
import { ChatConnection } from './connection.js';
import { Conversation } from './conversation.js';
import { byId, nameOf, setText } from './dom.js';
import { Door } from './door.js';
import { isRefusal, reasonOf } from './errors.js';
import { FarmStatus } from './farm.js';
import { offerBallot, offerCounter, offerUpload } from './lab.js';
import { PeopleList, RoomList } from './people.js';
import { QuestionCard } from './question.js';
import { addressFor, readSettings, takeSeat, writeSettings } from './settings.js';
import { showSettings, showStatus } from './status.js';
import { offerSwitches } from './switches.js';
import { keepTheme } from './theme.js';
import { tick } from './tour.js';
import { Typing } from './typing.js';
import { noticeUnread, showConversation } from './views.js';
import { Wire } from './wire.js';

let settings = readSettings();
/** The name this tab goes by: also before a reload, and while there is no connection. */
let nickname = sessionStorage.getItem('nickname') ?? '';
/** Whether a room has let it in. */
let joined = false;
let people = [];

const seat = takeSeat();
const connection = new ChatConnection(new Wire().observe, async (invoke) => {
  if (nickname) await enter(settings.room, nickname, invoke);
});
const farm = new FarmStatus(connection);
const conversation = new Conversation();
const typing = new Typing(connection);
const composer = new Composer(connection, typing, (reason) => conversation.complain(`Not sent. ${reason}`));
const door = new Door((name) => void enter(settings.room, name));
const question = new QuestionCard();
const roomList = new RoomList(chooseRoom);
const peopleList = new PeopleList((name) => {
  showConversation();
  composer.writeTo(name);
});

connection.on('rooms', (rooms) => roomList.show(rooms));
connection.on('entered', showRoom);
connection.on('people', showPeople);
connection.on('arrived', (name) => conversation.tell(nameOf(name), ' joined'));
connection.on('left', (name) => {
  typing.forget(name);
  conversation.tell(nameOf(name), ' left');
});
connection.on('message', (message) => {
  typing.forget(message.from);
  showMessage(message);
});
connection.on('note', showMessage);
connection.on('line', (id, line) => conversation.addLine(id, line));
connection.on('typing', (name) => typing.show(name));
connection.on('confirm', (asked) => question.ask(asked).finally(() => tick('ask')));
connection.on('voteEnded', (by, cleared) => {
  question.dismiss();
  if (cleared) conversation.clear();
  conversation.tell(nameOf(by), cleared ? ' had the room cleared' : ' asked to clear the room; it stays');
  showEmpty();
});
async function enter(room, name, invoke = (...call) => connection.invoke(...call)) {
  try {
    await invoke('enter', room, name, seat);
  } catch (error) {
    // After a cut the next connection tries again.
    if (nickname && !isRefusal(error)) return;
    if (joined && room !== settings.room) conversation.complain(reasonOf(error));
    else leave(reasonOf(error));
  }
}

function showRoom(room, name, history) {
  if (!joined || room !== settings.room) conversation.clear();
  joined = true;
  nickname = name;
  sessionStorage.setItem('nickname', name);
  settings = { ...settings, room };
  nameRoom();
  typing.clear();
  if (door.close()) composer.focus();
  for (const message of history) conversation.add(message, message.from === nickname);
}

function leave(reason) {
  joined = false;
  nickname = '';
  sessionStorage.removeItem('nickname');
  door.open(reason);
  peopleList.hide();
}

function nameRoom() {
  writeSettings(settings);
  for (const id of ['room-name', 'join-room']) setText(id, settings.room);
  roomList.mark(settings.room);
  offerSecondTab();
}

/** In a farm the second tab is at another server. */
function offerSecondTab() {
  const own = addressFor(settings);
  const elsewhere = farm.elsewhere(own);
  byId('second-tab').href = elsewhere?.address ?? own;
  setText('second-tab', elsewhere ? `Open a second tab, at ${elsewhere.server}` : 'Open a second tab');
}

function chooseRoom(room) {
  showConversation();
  if (joined) {
    void enter(room, nickname);
  } else {
    settings = { ...settings, room };
    nameRoom();
    door.open();
  }
}

function switchTo(choice) {
  tick('switch');
  settings = { ...settings, ...choice };
  nameRoom();
  showSettings(settings);
  void connection.open(settings);
}

function showMessage(message) {
  const own = message.from === nickname;
  if (!own) tick('talk');
  conversation.add(message, own);
  noticeUnread();
  showEmpty();
}

function showPeople(list) {
  if (!joined) return;
  people = list;
  peopleList.show(people, nickname);
  composer.keepTo(people);
  showEmpty();
}

function showEmpty() {
  const alone = people.length < 2;
  byId('empty').hidden = !conversation.empty;
  byId('second-tab').hidden = !alone;
  setText('empty-title', alone ? 'Nobody else is here yet' : 'No messages yet');
  setText('empty-text', alone ? 'Open this page in a second tab: each tab is a client of its own.' : 'Say hello.');
}

byId('new-room').addEventListener('submit', (event) => {
  event.preventDefault();
  const box = byId('new-room-name');
  const name = box.value
    .toLowerCase()
    .replace(/[^\p{L}\p{M}\p{N}]+/gu, '-')
    .replace(/^[-\p{M}]+|-+$/gu, '');
  box.value = '';
  if (name !== '') chooseRoom(name);
});
byId('leave').addEventListener('click', () => {
  connection.invoke('leave').catch(() => {});
  leave();
});

farm.addEventListener('change', () => {
  offerSecondTab();
  showEmpty();
});
showStatus(connection);
showSettings(settings);
offerSwitches(settings, switchTo);
offerCounter(connection);
offerBallot(connection);
offerUpload(connection);
keepTheme(byId('theme'));
nameRoom();
if (nickname) door.close();
else door.open();
void connection.open(settings);
