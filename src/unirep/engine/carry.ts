/** @file The state of all lanes on the host between chunks, and moving it as lanes open and close. */
import type { ModelConfig } from "../model.ts";
import type { Floats } from "./job.ts";
import type { Carry } from "./program.ts";

/**
 * A carry whose lane i is lane `rows[i]` of `from`; -1 is a new lane, whose first token forgets whatever it holds.
 * `from` itself is returned when no lane moves.
 */
export function arrangeCarry(
  from: Carry<Floats> | null,
  rows: readonly number[],
  { units, layers }: ModelConfig,
  floats: (size: number) => Floats,
): Carry<Floats> {
  const lanesBefore = from === null ? 0 : from.sum.length / units;
  if (
    from !== null &&
    rows.length === lanesBefore &&
    rows.every((row, i) => row === i)
  )
    return from;
  const move = (old: Floats | undefined): Floats => {
    const to = floats(rows.length * units);
    rows.forEach((row, i) => {
      if (row >= 0 && old)
        to.set(old.subarray(row * units, (row + 1) * units), i * units);
    });
    return to;
  };
  return {
    layers: Array.from({ length: layers }, (_, k) => ({
      h: move(from?.layers[k].h),
      c: move(from?.layers[k].c),
    })),
    sum: move(from?.sum),
  };
}

/**
 * Which row of the state each lane of the next chunk continues. Lanes keep their places; emptied lanes are refilled
 * in place while `waiting` sequences remain, then dropped; up to `most` lanes are opened for the rest.
 */
export function arrangeLanes<J>(
  lanes: readonly J[][],
  waiting: number,
  most: number,
): { lanes: J[][]; rows: number[] } {
  const busy = lanes.filter((jobs) => jobs.length > 0).length;
  let open = Math.max(0, Math.min(waiting, most - busy));
  const kept: J[][] = [];
  const rows: number[] = [];
  lanes.forEach((jobs, row) => {
    if (jobs.length === 0 && open-- <= 0) return;
    kept.push(jobs);
    rows.push(row);
  });
  for (; open > 0; open--) {
    kept.push([]);
    rows.push(-1);
  }
  return { lanes: kept, rows };
}

/** The state of `count` lanes from `first` on: views of `carry`. */
export function carryFrom(
  { layers, sum }: Carry<Floats>,
  first: number,
  count: number,
  { units }: ModelConfig,
): Carry<Floats> {
  const rows = (x: Floats) =>
    x.subarray(first * units, (first + count) * units);
  return {
    layers: layers.map(({ h, c }) => ({ h: rows(h), c: rows(c) })),
    sum: rows(sum),
  };
}

/** The state of all lanes, of its parts in order; a single part is returned itself. */
export function joinCarries(
  parts: readonly Carry<Floats>[],
  floats: (size: number) => Floats,
): Carry<Floats> {
  if (parts.length === 1) return parts[0];
  const join = (of: (part: Carry<Floats>) => Floats): Floats => {
    const each = parts.map(of);
    const all = floats(each.reduce((size, x) => size + x.length, 0));
    let at = 0;
    for (const x of each) {
      all.set(x, at);
      at += x.length;
    }
    return all;
  };
  return {
    layers: parts[0].layers.map((_, k) => ({
      h: join(({ layers }) => layers[k].h),
      c: join(({ layers }) => layers[k].c),
    })),
    sum: join(({ sum }) => sum),
  };
}
