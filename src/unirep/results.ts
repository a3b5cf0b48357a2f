/** @file Results that can be awaited as an array or iterated as they come. */

/**
 * `await results` gives an array; `for await (const r of results)` gives one result after the other with memory
 * bounded whatever the input's size. Nothing runs before one of the two is asked for; awaiting again gives the same
 * array, iterating again runs the sequences again.
 */
export class Results<T> implements AsyncIterable<T>, PromiseLike<T[]> {
  readonly #start: () => AsyncGenerator<T>;
  #all: Promise<T[]> | null = null;

  constructor(start: () => AsyncGenerator<T>) {
    this.#start = start;
  }

  [Symbol.asyncIterator](): AsyncGenerator<T> {
    return this.#start();
  }

  then<A = T[], B = never>(
    onFulfilled?: ((value: T[]) => A | PromiseLike<A>) | null,
    onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    this.#all ??= this.#collect();
    return this.#all.then(onFulfilled, onRejected);
  }

  async #collect(): Promise<T[]> {
    const all: T[] = [];
    for await (const result of this.#start()) all.push(result);
    return all;
  }
}
