/** @file Windows and states of lanes as arrays. */
import { array, type Array } from "../ad/index.ts";
import type { ModelConfig } from "../unirep/index.ts";
import type { Carry, WindowArrays } from "./objective.ts";
import type { Window } from "./windows.ts";

/** Windows one behind the other, (count, steps, lanes) each; a single one may be without the leading axis. */
export function windowArrays(
  windows: readonly Window[],
  steps: number,
  lanes: number,
  stacked = true,
): WindowArrays<Array> {
  const shape = [...(stacked ? [windows.length] : []), steps, lanes];
  const size = steps * lanes;
  const join = <B extends Int32Array | Uint8Array | Float32Array>(
    out: B,
    pick: (window: Window) => B,
  ): Array => {
    windows.forEach((window, i) => out.set(pick(window), i * size));
    return array(out, { shape });
  };
  const all = windows.length * size;
  return {
    tokens: join(new Int32Array(all), (w) => w.tokens),
    keep: join(new Uint8Array(all), (w) => w.keep),
    targets: join(new Int32Array(all), (w) => w.targets),
    mask: join(new Float32Array(all), (w) => w.mask),
  };
}

/** The states of lanes that have read nothing. */
export const zeroCarry = (
  { layers, units }: ModelConfig,
  lanes: number,
): Carry<Array> => {
  const zero = () =>
    array(new Float32Array(lanes * units), { shape: [lanes, units] });
  return globalThis.Array.from({ length: layers }, () => ({
    h: zero(),
    c: zero(),
  }));
};
