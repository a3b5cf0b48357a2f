/** @file A bounded window of work in flight over a stream: enough to keep an engine full, never all of it. */
import { setMaxListeners } from "node:events";

export interface WindowOptions<I> {
  /** Most items in flight or waiting to be handed out. */
  readonly most: number;
  /** No further item is taken while those in flight cost this much; the last one taken may exceed it. */
  readonly mostCost: number;
  readonly cost: (item: I) => number;
  /** `input`: results in the order of the items. `completion`: as they are done. */
  readonly order: "input" | "completion";
  /** Ends the stream with the signal's reason, even while the source keeps it waiting. */
  readonly signal?: AbortSignal | undefined;
}

interface Flight<O> {
  readonly cost: number;
  outcome: { readonly value: O } | { readonly error: unknown } | null;
}

/**
 * Starts `work` on items of `source` and yields the results. The first failure, of the source or of a piece of work,
 * ends the stream; results already computed in order before it are yielded first. However the stream ends, the
 * signal given to `work` is aborted and the source is closed.
 */
export async function* windowed<I, O>(
  source: Iterable<I> | AsyncIterable<I>,
  work: (item: I, stop: AbortSignal) => Promise<O>,
  { most, mostCost, cost, order, signal }: WindowOptions<I>,
): AsyncGenerator<O> {
  signal?.throwIfAborted();
  const iterator =
    Symbol.asyncIterator in source
      ? source[Symbol.asyncIterator]()
      : source[Symbol.iterator]();
  const flights: Flight<O>[] = [];
  const input = {
    pulling: false,
    ended: false,
    failure: null as { readonly error: unknown } | null,
  };
  let inFlight = 0;
  let wake = () => {};
  const changed = () => new Promise<void>((resolve) => (wake = resolve));
  const leave = new AbortController();
  const stop = AbortSignal.any([leave.signal, ...(signal ? [signal] : [])]);
  // Every piece of work in flight listens to it.
  setMaxListeners(0, stop);
  stop.addEventListener("abort", () => wake());

  const launch = (item: I) => {
    const flight: Flight<O> = { cost: cost(item), outcome: null };
    const settle = (outcome: Flight<O>["outcome"]) => {
      flight.outcome = outcome;
      wake();
    };
    inFlight += flight.cost;
    flights.push(flight);
    work(item, stop).then(
      (value) => settle({ value }),
      (error: unknown) => settle({ error }),
    );
  };
  /** Takes one item; runs to its end at once when the source is synchronous. */
  const pull = async () => {
    input.pulling = true;
    try {
      const next = iterator.next();
      const step: IteratorResult<I, unknown> =
        "then" in next ? await next : next;
      if (step.done) input.ended = true;
      // An item that comes after the stream has ended has nobody left to run for.
      else if (!stop.aborted) launch(step.value);
    } catch (error) {
      input.ended = true;
      input.failure = { error };
    }
    input.pulling = false;
    wake();
  };

  try {
    for (;;) {
      signal?.throwIfAborted();
      const fits =
        flights.length === 0 || (flights.length < most && inFlight < mostCost);
      if (fits && !input.pulling && !input.ended) {
        void pull();
        continue;
      }
      const next = order === "input" ? flights.slice(0, 1) : flights;
      const at = next.findIndex(({ outcome }) => outcome);
      if (at >= 0) {
        const [{ outcome, cost: freed }] = flights.splice(at, 1);
        inFlight -= freed;
        if (outcome && "value" in outcome) yield outcome.value;
        else throw outcome?.error;
        continue;
      }
      if (flights.length === 0 && input.ended) {
        if (input.failure) throw input.failure.error;
        return;
      }
      await changed();
    }
  } finally {
    leave.abort();
    const closing = input.ended ? undefined : iterator.return?.();
    // A source busy with its next item may never answer: it is told, not waited for.
    if (input.pulling) void Promise.resolve(closing).catch(() => undefined);
    else await closing;
  }
}
