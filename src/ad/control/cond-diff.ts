/** @file The derivative of cond: the same choice between differentiated, or transposed, branches. */
import { Unknown, type Differentiation } from "../primitive.ts";
import { zeros } from "../primitives/fill.ts";
import type { Value } from "../tracer.ts";
import { jvpJaxpr } from "../transforms/jvp.ts";
import {
  complete,
  union,
  withResults,
  type CondParams,
} from "./cond-params.ts";
import { transposeJaxpr } from "./transposed.ts";

export const condDiff: Differentiation<CondParams> = {
  jvp(self, primals, [, ...tangents], { branches }) {
    const moved = branches.map((branch) =>
      jvpJaxpr(
        branch,
        tangents.map((t) => t !== null),
        branch.outputs.map(() => false),
      ),
    );
    const moving = union(moved.map(({ outNonzero }) => outNonzero));
    const outputs = moving.length;
    const out = self.bind([...primals, ...tangents.filter((t) => t !== null)], {
      branches: moved.map(({ jaxpr, outNonzero }) =>
        withResults(jaxpr, (out) => [
          ...out.slice(0, outputs),
          ...complete(out.slice(outputs), outNonzero, moving, (i) =>
            zeros(out[i].type),
          ),
        ]),
      ),
    });
    const dout = out.splice(outputs);
    return [out, moving.map((flag) => (flag ? [dout.shift() as Value] : []))];
  },

  transpose(self, cotangents, [index, ...args], { branches }) {
    if (index instanceof Unknown)
      throw new TypeError(
        "cond: cannot be transposed because the choice of its branch is not known",
      );
    const back = branches.map((branch) =>
      transposeJaxpr(branch, args, cotangents),
    );
    const found = union(back.map((branch) => branch.found));
    const known = args.filter((x): x is Value => !(x instanceof Unknown));
    const cts = cotangents.filter((ct) => ct !== null);
    const out = self.bind([index, ...known, ...cts], {
      branches: back.map((branch) =>
        withResults(branch.jaxpr, (out) =>
          complete(out, branch.found, found, (i) => zeros(args[i].type)),
        ),
      ),
    });
    return [
      null,
      ...found.map((flag) => (flag ? (out.shift() as Value) : null)),
    ];
  },
};
