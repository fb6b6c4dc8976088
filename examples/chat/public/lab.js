/* global signalR */
import { byId, element, nameOf, setText } from './dom.js';
import { reasonOf } from './errors.js';
import { tick } from './tour.js';

const COUNT_TO = 100;
const COUNT_EVERY = 80;
const LINE_EVERY = 500;
const ANSWERS = { yes: 'yes', no: 'no', silent: 'no answer' };

/** A stream from the server, and its cancellation. */
export function offerCounter(connection) {
  const button = byId('counter-toggle');
  const text = byId('counter-text');
  let subscription;
  button.addEventListener('click', () => (subscription ? cancel() : start()));
  connection.on('counterStopped', (at) => {
    text.textContent = `Cancelled. The server stopped at ${at}.`;
  });

  function start() {
    if (!connection.connected) return;
    tick('count');
    show(0);
    text.textContent = '';
    button.textContent = 'Cancel';
    subscription = connection.stream('count', COUNT_TO, COUNT_EVERY).subscribe({
      next: show,
      complete: () => end(`All ${COUNT_TO} numbers came.`),
      error: (error) => end(reasonOf(error)),
    });
  }

  function cancel() {
    subscription.dispose();
    end('Cancelling …');
  }

  function end(reason) {
    subscription = undefined;
    button.textContent = `Count to ${COUNT_TO}`;
    text.textContent = reason;
  }
}

function show(number) {
  setText('counter', String(number));
  byId('counter-bar').value = number;
}

/** Lets the server ask the others something, and shows their answers as they come. */
export function offerBallot(connection) {
  const button = byId('ask');
  const list = byId('votes');
  button.addEventListener('click', () => {
    if (!connection.connected) return;
    button.disabled = true;
    list.replaceChildren(element('li', { className: 'pending' }, 'Waiting for answers …'));
    connection.stream('clearRoom').subscribe({
      next: ({ from, answer, cleared }) => {
        if (answer !== undefined) say(answer, nameOf(from), `: ${ANSWERS[answer]}`);
        else say(cleared ? 'yes' : 'no', cleared ? 'The room is cleared.' : 'The room stays as it is.');
      },
      complete: end,
      error: (error) => {
        say('no'(error));
        end();
      },
    });
  });

  function say(kind, ...parts) {
    list.lastElementChild.before(element('li', { className: kind }, ...parts));
  }

  function end() {
    list.querySelector('.pending')?.remove();
    button.disabled = false;
  }
}

/** A stream to the server, line by line. */
export function offerUpload(connection) {
  const button = byId('upload');
  const text = byId('upload-text');
  button.addEventListener('click', () => {
    const lines = byId('lines')
      .value.split('\n')
      .filter((line) => line.trim() !== '');
    if (lines.length > 0 && connection.connected) void run(lines);
  });

  async function run(lines) {
    button.disabled = true;
    text.textContent = 'Streaming …';
    const subject = new signalR.Subject();
    const result = connection.invoke('upload', subject);
    const end = new AbortController();
    void feed(subject, lines, end.signal);
    try {
      const count = await result;
      text.textContent = `The server counted ${count} ${count === 1 ? 'line' : 'lines'}.`;
    } catch (error) {
      text.textContent = reasonOf(error);
    } finally {
      end.abort();
      button.disabled = false;
    }
  }

  /** Until the lines or the call are at their end: what is sent without a connection has nobody to catch its error. */
  async function feed(subject, lines, signal) {
    for (const line of lines) {
      if (signal.aborted || !connection.connected) return;
      subject.next(line);
      await new Promise((resolve) => {
        setTimeout(resolve, LINE_EVERY);
      });
    }
    if (!signal.aborted && connection.connected) subject.complete();
  }
}
