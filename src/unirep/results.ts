/** @file Results that can be awaited as an array or iterated as they come. */

/**
 * `await results` gives an array; `for await (const r of results)` gives one result after the other with memory
 * bounded whatever the input's size. Nothing runs before one of the two is asked for.
 */
export class Results<T> implements AsyncIterable<T>, PromiseLike<T[]> {
  readonly #start: () => AsyncGenerator<T>;

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
    return this.#collect().then(onFulfilled, onRejected);
  }

  async #collect(): Promise<T[]> {
    const all: T[] = [];
    for await (const result of this.#start()) all.push(result);
    return all;
  }
}
