/** @file `reverse`: the order of the elements along whole axes turned round; its own transpose. */
import { definePrimitive } from "../primitive.ts";
import { linear } from "../rules/diff.ts";
import { showType } from "../shape.ts";
import type { Value } from "../tracer.ts";

const reverseP = definePrimitive<{ axes: readonly number[] }>("reverse", {
  type([x], { axes }) {
    if (
      new Set(axes).size !== axes.length ||
      axes.some((axis) => !(axis in x.shape))
    )
      throw new RangeError(
        `reverse: expected each axis of ${showType(x)} at most once, got (${axes.join()})`,
      );
    return [x];
  },
  diff: linear((ct, _args, { axes }) => [reverse(ct, axes)]),
  batch: (self, _size, [x], [axis], { axes }) => {
    const at = axis as number;
    return [
      self.bind([x], { axes: axes.map((i) => (i < at ? i : i + 1)) }),
      [at],
    ];
  },
  lower: (b, [input], [out], { axes }) => [
    b.emit({ kind: "reverse", input, axes }, out),
  ],
});

/** `x` read backwards along the given axes (non-negative). */
export const reverse = (x: Value, axes: readonly number[]): Value =>
  axes.length ? reverseP.bind([x], { axes })[0] : x;
