/** @file The batching kind `elementwise`. */
import type { Rules } from "../primitive.ts";
import { batchToFront } from "../primitives/structural.ts";

/** Elementwise primitives keep a batch axis that all operands share, and else take it first. */
export const elementwise: Rules<object>["batch"] = (
  self,
  size,
  args,
  axes,
  params,
) =>
  axes.every((axis) => axis === axes[0])
    ? [self.bind(args, params), [axes[0]]]
    : [
        self.bind(
          args.map((x, i) => batchToFront(x, axes[i], size)),
          params,
        ),
        [0],
      ];
