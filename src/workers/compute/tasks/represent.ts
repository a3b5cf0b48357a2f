/** @file Task `represent`: the sequences of one request, in the lanes that all requests to this process share. */
import { rep } from "../../../unirep/index.ts";
import type { RunTask } from "../task-context.ts";
import type { Represented } from "../tasks.ts";

export const runRepresent: RunTask<"represent"> = async (
  { model: file, precision, sequences, perResidue },
  context,
) => {
  const { signal, cache } = context;
  const model = await context.model(file, precision);
  signal.throwIfAborted();
  const known = sequences.map((sequence) =>
    perResidue ? undefined : cache.get(model, sequence),
  );
  const missing = sequences.filter((_, i) => !known[i]);
  const fresh = await rep(missing, { model, perResidue, signal });
  const computed = fresh.map((result, i): Represented => {
    const { hAvg, hFinal, cFinal } = result;
    const value = { hAvg, hFinal, cFinal };
    if (perResidue) return { ...value, perResidue: result.perResidue };
    cache.set(model, missing[i], value);
    return value;
  });
  context.computed(missing.reduce((sum, { length }) => sum + length, 0));
  let next = 0;
  return known.map((value) => value ?? computed[next++]);
};
