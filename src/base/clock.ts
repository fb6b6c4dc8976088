/** Where time comes from. Tests hand in a clock of their own. */
export interface Clock {
  /** Milliseconds that never run backwards; only differences mean something. */
  now(): number;
  /** Runs `task` every `interval` milliseconds until the returned function is called. Does not keep the process alive. */
  every(interval: number, task: () => void): () => void;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  every(interval, task) {
    const timer = setInterval(task, interval);
    timer.unref();
    return () => clearInterval(timer);
  },
};
