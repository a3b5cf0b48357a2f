/** @file A bounded window of work in flight over a stream: enough to keep an engine full, never all of it. */

export interface WindowOptions<I> {
  /** Most items in flight or waiting to be handed out. */
  readonly most: number;
  /** Most cost in flight; an item that alone costs more still runs, by itself. */
  readonly mostCost: number;
  cost(item: I): number;
  /** `input`: results in the order of the items. `completion`: as they are done. */
  readonly order: "input" | "completion";
}

interface Flight<O> {
  done: boolean;
  outcome: { value: O } | { error: unknown } | null;
}

/**
 * Starts `work` on items of `source` and yields the results. The first failure, of the source or of a piece of work,
 * ends the stream; results already computed in order before it are yielded first.
 */
export async function* windowed<I, O>(
  source: Iterable<I> | AsyncIterable<I>,
  work: (item: I) => Promise<O>,
  { most, mostCost, cost, order }: WindowOptions<I>,
): AsyncGenerator<O> {
  const iterator =
    Symbol.asyncIterator in source
      ? source[Symbol.asyncIterator]()
      : source[Symbol.iterator]();
  const flights: (Flight<O> & { cost: number })[] = [];
  let inFlight = 0;
  let exhausted = false;
  let pulling = false;
  let failure: { error: unknown } | null = null;
  let wake = () => {};
  const changed = () => new Promise<void>((resolve) => (wake = resolve));

  const launch = (item: I) => {
    const flight: (typeof flights)[number] = {
      done: false,
      outcome: null,
      cost: cost(item),
    };
    inFlight += flight.cost;
    flights.push(flight);
    work(item)
      .then(
        (value) => (flight.outcome = { value }),
        (error: unknown) => (flight.outcome = { error }),
      )
      .finally(() => {
        flight.done = true;
        wake();
      });
  };
  const pull = () => {
    const step = iterator.next();
    const take = ({ done, value }: IteratorResult<I>) => {
      if (done) exhausted = true;
      else launch(value);
    };
    if (!(step instanceof Promise)) return take(step);
    pulling = true;
    step
      .then(take, (error: unknown) => (failure = { error }))
      .finally(() => {
        pulling = false;
        wake();
      });
  };

  try {
    for (;;) {
      const fits =
        flights.length === 0 || (flights.length < most && inFlight < mostCost);
      if (!exhausted && !pulling && !failure && fits) {
        pull();
        continue;
      }
      const at =
        order === "input"
          ? flights[0]?.done
            ? 0
            : -1
          : flights.findIndex((flight) => flight.done);
      if (at >= 0) {
        const [{ outcome, cost: freed }] = flights.splice(at, 1);
        inFlight -= freed;
        if (outcome && "value" in outcome) yield outcome.value;
        else throw outcome?.error;
        continue;
      }
      if (flights.length === 0 && failure)
        throw (failure as { error: unknown }).error;
      if (flights.length === 0 && exhausted) return;
      await changed();
    }
  } finally {
    await iterator.return?.();
  }
}
