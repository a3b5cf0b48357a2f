/** @file Waiting sequences: longest first within one caller, callers in turn. */

interface Waiting {
  readonly tokens: Uint8Array;
}

/** Longest first keeps the end of a run short: what is left to fill the last lanes with is small. */
export class WaitingLine<J extends Waiting> {
  /** Jobs of each caller, the next at the end: in order of length, of equal ones the first to come. */
  readonly #callers = new Map<object, J[]>();
  #count = 0;
  #tokens = 0;

  get size(): number {
    return this.#count;
  }

  /** Tokens of all waiting jobs together. */
  get tokens(): number {
    return this.#tokens;
  }

  /** Tokens of the longest waiting job. */
  get longest(): number {
    let longest = 0;
    for (const jobs of this.#callers.values()) {
      longest = Math.max(longest, jobs[jobs.length - 1].tokens.length);
    }
    return longest;
  }

  add(caller: object, job: J): void {
    let jobs = this.#callers.get(caller);
    if (!jobs) this.#callers.set(caller, (jobs = []));
    let [low, high] = [0, jobs.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (jobs[middle].tokens.length < job.tokens.length) low = middle + 1;
      else high = middle;
    }
    jobs.splice(low, 0, job);
    this.#count++;
    this.#tokens += job.tokens.length;
  }

  /** The longest job of the caller whose turn it is, or null; that caller then goes to the end of the line. */
  take(): J | null {
    for (const [caller, jobs] of this.#callers) {
      this.#callers.delete(caller);
      const job = jobs.pop();
      if (!job) continue;
      this.#count--;
      this.#tokens -= job.tokens.length;
      if (jobs.length > 0) this.#callers.set(caller, jobs);
      return job;
    }
    return null;
  }

  /** Removes every job for which `test` holds. */
  remove(test: (job: J) => boolean): void {
    for (const [caller, jobs] of this.#callers) {
      const kept = jobs.filter((job) => {
        if (!test(job)) return true;
        this.#count--;
        this.#tokens -= job.tokens.length;
        return false;
      });
      if (kept.length > 0) this.#callers.set(caller, kept);
      else this.#callers.delete(caller);
    }
  }
}
