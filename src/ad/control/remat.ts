/** @file `checkpoint`: a function whose intermediate values are computed again when its derivative needs them. */
import { evalJaxpr, removeDeadCode, type Jaxpr } from "../jaxpr/jaxpr.ts";
import { emitJaxpr } from "../lowering/lower.ts";
import { Unknown, definePrimitive } from "../primitive.ts";
import { batchToFront } from "../primitives/structural.ts";
import { sameType, showType } from "../shape.ts";
import type { Value } from "../tracer.ts";
import { jvpJaxpr } from "../transforms/jvp.ts";
import { splitJaxpr } from "../transforms/linearize.ts";
import { batchJaxpr } from "../transforms/vmap.ts";
import { calling } from "./call.ts";
import { transposeJaxpr } from "./transposed.ts";

const rematP = definePrimitive<{ jaxpr: Jaxpr }>("remat", {
  type(inputs, { jaxpr }) {
    jaxpr.inputs.forEach((v, i) => {
      if (!sameType(v.type, inputs[i]))
        throw new TypeError(
          `remat: body input ${i} is ${showType(v.type)}, got ${showType(inputs[i])}`,
        );
    });
    return jaxpr.outputs.map((v) => v.type);
  },

  diff: {
    jvp(self, primals, tangents, { jaxpr }) {
      const { jaxpr: both, outNonzero } = jvpJaxpr(
        jaxpr,
        tangents.map((t) => t !== null),
        jaxpr.outputs.map(() => false),
      );
      const moving = tangents.filter((t) => t !== null);
      const out = self.bind([...primals, ...moving], { jaxpr: both });
      const dout = out.splice(jaxpr.outputs.length);
      return [
        out,
        outNonzero.map((flag) => (flag ? [dout.shift() as Value] : [])),
      ];
    },
    transpose(self, cotangents, args, { jaxpr }) {
      const back = transposeJaxpr(jaxpr, args, cotangents);
      const known = args.filter((x): x is Value => !(x instanceof Unknown));
      const cts = cotangents.filter((ct) => ct !== null);
      const out = self.bind([...known, ...cts], { jaxpr: back.jaxpr });
      return back.found.map((flag) => (flag ? (out.shift() as Value) : null));
    },
  },

  batch(self, size, args, axes, { jaxpr }) {
    const { jaxpr: body, outBatched } = batchJaxpr(
      jaxpr,
      size,
      axes.map((axis) => axis !== null),
      jaxpr.outputs.map(() => false),
    );
    const operands = args.map((x, i) =>
      axes[i] === null ? x : batchToFront(x, axes[i], size),
    );
    return [
      self.bind(operands, { jaxpr: body }),
      outBatched.map((flag) => (flag ? 0 : null)),
    ];
  },

  lower: (b, inputs, _out, { jaxpr }) => emitJaxpr(b, jaxpr, inputs),

  /** Only what goes in is kept for the unknown part, which computes the known values it needs once more. */
  partialEval(_self, args, unknown, { jaxpr }, record) {
    const none = jaxpr.outputs.map(() => false);
    const { known, outUnknown } = splitJaxpr(jaxpr, unknown, none);
    const knownOuts = known.outputs.slice(
      0,
      outUnknown.filter((flag) => !flag).length,
    );
    const out = evalJaxpr(
      removeDeadCode({ ...known, outputs: knownOuts }),
      args.filter((_, i) => !unknown[i]),
    );
    const outputs = jaxpr.outputs.filter((_, i) => outUnknown[i]);
    const rest = record(args, {
      jaxpr: removeDeadCode({ ...jaxpr, outputs }),
    });
    return outUnknown.map((flag) =>
      flag ? (rest.shift() as Value) : (out.shift() as Value),
    );
  },
});

/** `f` with its derivative computed from its arguments alone: less memory, one more evaluation (jax.checkpoint). */
export const checkpoint = <A extends readonly unknown[], R>(
  f: (...args: A) => R,
): ((...args: A) => R) =>
  calling("checkpoint", f, ({ closed, values }) =>
    rematP.bind([...closed.consts, ...values], { jaxpr: closed.jaxpr }),
  );
