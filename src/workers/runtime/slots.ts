/** @file Places for running work: as many as this process has compute processes, shared by its queues in turn. */

export interface Slots {
  /** A place within `ms`, to be given back by calling it; null where there was none, or `signal` aborted. */
  take(
    queue: string,
    ms: number,
    signal: AbortSignal,
  ): Promise<(() => void) | null>;
  /** For a queue that got no place and stops asking: `wake` is called when one is held for it. */
  park(queue: string, wake: () => void): void;
}

interface Waiting {
  readonly queue: string;
  grant(place: () => void): void;
}

/** Milliseconds that a place is held for a queue that was woken, which has to fetch its work first. */
const heldFor = 1000;

/** Without turns a queue whose next job follows at once would never leave a place to the others. */
export function openSlots(count: number): Slots {
  let free = count;
  let held: { readonly queue: string; readonly timer: NodeJS.Timeout } | null =
    null;
  const line: Waiting[] = [];
  const parked = new Map<string, () => void>();

  const place = () => {
    let mine = true;
    return () => {
      if (!mine) return;
      mine = false;
      free++;
      serve();
    };
  };
  const release = () => {
    clearTimeout(held?.timer);
    held = null;
  };
  const grantFirst = (isNext: (waiting: Waiting) => boolean): boolean => {
    const at = line.findIndex(isNext);
    if (at < 0) return false;
    free--;
    line.splice(at, 1)[0].grant(place());
    return true;
  };
  const hold = () => {
    const [next] = parked;
    if (!next || held) return;
    const [queue, wake] = next;
    parked.delete(queue);
    const timer = setTimeout(() => {
      release();
      serve();
    }, heldFor);
    timer.unref();
    held = { queue, timer };
    wake();
  };
  const serve = () => {
    for (;;) {
      if (free > 0) hold();
      const queue = held?.queue;
      if (free > 0 && grantFirst((waiting) => waiting.queue === queue))
        release();
      else if (free <= (held ? 1 : 0) || !grantFirst(() => true)) return;
    }
  };

  return {
    take: (queue, ms, signal) =>
      new Promise((resolve) => {
        const end = (given: (() => void) | null) => {
          clearTimeout(timer);
          signal.removeEventListener("abort", leave);
          resolve(given);
        };
        const waiting: Waiting = { queue, grant: end };
        const leave = () => {
          line.splice(line.indexOf(waiting), 1);
          end(null);
        };
        const timer = setTimeout(leave, ms);
        signal.addEventListener("abort", leave, { once: true });
        line.push(waiting);
        if (signal.aborted) leave();
        else serve();
      }),
    park(queue, wake) {
      parked.set(queue, wake);
      serve();
    },
  };
}
