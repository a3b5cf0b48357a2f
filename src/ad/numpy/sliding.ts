/** @file Windows that slide along an axis. */
import { Array as Arr } from "../array.ts";
import { gather } from "../primitives/gather.ts";
import { moveAxis, reshape } from "../primitives/structural.ts";
import type { Value } from "../tracer.ts";

export interface Sliding {
  /** Entries in a window. */
  readonly size: number;
  /** From one window to the next. */
  readonly stride?: number;
  /** From one entry of a window to the next. */
  readonly dilation?: number;
}

/** How many windows fit in `n` entries. */
export const windowCount = (
  n: number,
  { size, stride = 1, dilation = 1 }: Sliding,
): number =>
  Math.max(0, Math.floor((n - (size - 1) * dilation - 1) / stride) + 1);

/** The windows along an axis in front of the other axes: (count, size, rest...). */
export function windows(x: Value, axis: number, sliding: Sliding): Value {
  const { size, stride = 1, dilation = 1 } = sliding;
  const front = moveAxis(x, axis, 0);
  const [n, ...rest] = front.shape;
  const count = windowCount(n, sliding);
  if (size === 1 && stride === 1) return reshape(front, [n, 1, ...rest]);
  const positions = Int32Array.from(
    { length: count * size },
    (_, i) => Math.floor(i / size) * stride + (i % size) * dilation,
  );
  return gather(front, new Arr({ shape: [count, size], dtype: "int32" }, positions)); // prettier-ignore
}
