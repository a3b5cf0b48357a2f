/** @file Which axis of a convolution's operands is what, from letters such as "NHWC". */
import { range, showShape, type Shape } from "../shape.ts";

/** Letters for the axes of input (N, C), kernel (O, I) and result (N, C); all others are spatial. */
export type DimensionNumbers = readonly [lhs: string, rhs: string, out: string];

/** For each operand its axes in the order N, C, spatial... or O, I, spatial... */
export interface Layout {
  readonly lhs: readonly number[];
  readonly rhs: readonly number[];
  readonly out: readonly number[];
}

/** Spatial axes come in the order they have in the kernel's letters. */
export function layoutOf(
  who: string,
  lhs: Shape,
  rhs: Shape,
  letters?: DimensionNumbers,
): Layout {
  if (lhs.length !== rhs.length || lhs.length < 2)
    throw new TypeError(
      `${who}: expected input and kernel with as many axes, at least 2, got ${showShape(lhs)} and ${showShape(rhs)}`,
    );
  const plain = range(lhs.length);
  if (!letters) return { lhs: plain, rhs: plain, out: plain };
  const [x, w, y] = letters;
  const spatial = [...w].filter((c) => c !== "O" && c !== "I");
  const axes = (word: string, first: string) => {
    const wanted = [...first, ...spatial];
    if (
      word.length !== lhs.length ||
      new Set(word).size !== word.length ||
      wanted.some((c) => !word.includes(c))
    )
      throw new TypeError(
        `${who}: expected letters for ${lhs.length} axes such as "NCHW", "OIHW", "NCHW", got ${letters.join(", ")}`,
      );
    return wanted.map((c) => word.indexOf(c));
  };
  return { lhs: axes(x, "NC"), rhs: axes(w, "OI"), out: axes(y, "NC") };
}
