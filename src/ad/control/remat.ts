/** @file `checkpoint`: a function whose intermediate values are computed again when its derivative needs them. */
import {
  removeDeadCode,
  type Eqn,
  type Jaxpr,
  type Var,
} from "../jaxpr/jaxpr.ts";
import { reachedFrom } from "../jaxpr/reach.ts";
import { lowerJaxpr } from "../lowering/lower.ts";
import { Unknown, definePrimitive } from "../primitive.ts";
import { batchToFront } from "../primitives/structural.ts";
import { sameType, showType } from "../shape.ts";
import type { Value } from "../tracer.ts";
import { jvpJaxpr } from "../transforms/jvp.ts";
import { splitJaxpr } from "../transforms/linearize.ts";
import { batchJaxpr } from "../transforms/vmap.ts";
import { calling } from "./call.ts";
import { transposeJaxpr } from "./transposed.ts";

/** Whether the result of an operation is kept for the derivative (true) or computed again; asked by primitive name. */
export type CheckpointPolicy = (primitive: string) => boolean;

interface RematParams {
  readonly jaxpr: Jaxpr;
  readonly policy: CheckpointPolicy;
}

/** What the policy saves of a jaxpr's known part, and the jaxpr reading that instead of computing it. */
function keep(
  policy: CheckpointPolicy,
  jaxpr: Jaxpr,
  unknown: readonly boolean[],
): { saved: Var[]; rest: Jaxpr } {
  const varies = reachedFrom(
    jaxpr.inputs.filter((_, i) => unknown[i]),
    jaxpr.eqns,
  );
  const isSaved = ({ primitive, inputs }: Eqn) =>
    inputs.length > 0 &&
    !inputs.some((v) => varies.has(v)) &&
    policy(primitive.name);
  const { eqns } = removeDeadCode({
    ...jaxpr,
    eqns: jaxpr.eqns.filter((eqn) => !isSaved(eqn)),
  });
  const read = new Set([
    ...eqns.flatMap((eqn) => eqn.inputs),
    ...jaxpr.outputs,
  ]);
  const saved = jaxpr.eqns
    .filter(isSaved)
    .flatMap((eqn) => eqn.outputs)
    .filter((v) => read.has(v));
  return {
    saved,
    rest: { ...jaxpr, inputs: [...saved, ...jaxpr.inputs], eqns },
  };
}

export const rematP = definePrimitive<RematParams>("remat", {
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
    jvp(self, primals, tangents, { jaxpr, policy }) {
      const { jaxpr: both, outNonzero } = jvpJaxpr(
        jaxpr,
        tangents.map((t) => t !== null),
        jaxpr.outputs.map(() => false),
      );
      const moving = tangents.filter((t) => t !== null);
      const out = self.bind([...primals, ...moving], { jaxpr: both, policy });
      const dout = out.splice(jaxpr.outputs.length);
      return [
        out,
        outNonzero.map((flag) => (flag ? [dout.shift() as Value] : [])),
      ];
    },
    transpose(self, cotangents, args, { jaxpr, policy }) {
      const back = transposeJaxpr(jaxpr, args, cotangents);
      const known = args.filter((x): x is Value => !(x instanceof Unknown));
      const cts = cotangents.filter((ct) => ct !== null);
      const out = self.bind([...known, ...cts], {
        jaxpr: back.jaxpr,
        policy,
      });
      return back.found.map((flag) => (flag ? (out.shift() as Value) : null));
    },
  },

  batch(self, size, args, axes, { jaxpr, policy }) {
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
      self.bind(operands, { jaxpr: body, policy }),
      outBatched.map((flag) => (flag ? 0 : null)),
    ];
  },

  /**
   * A loop of one step: no compiler looks into it from outside, so that nothing it computes again is taken from (or
   * kept for) the program around it, and it runs when its operands are there, not before.
   */
  lower(b, inputs, out, { jaxpr }) {
    const stacked = b.control(
      {
        kind: "loop",
        body: lowerJaxpr(jaxpr),
        consts: inputs,
        init: [],
        xs: [],
        length: 1,
        reverse: false,
      },
      out.map(({ shape, dtype }) => ({ shape: [1, ...shape], dtype })),
    );
    return stacked.map((input, i) =>
      b.emit({ kind: "reshape", input }, out[i]),
    );
  },

  /** What goes in is kept for the unknown part, and what the policy saves; it computes the rest once more. */
  partialEval(self, args, unknown, { jaxpr, policy }, record) {
    const { saved, rest } = keep(policy, jaxpr, unknown);
    const { known, outUnknown } = splitJaxpr(
      { ...jaxpr, outputs: [...jaxpr.outputs, ...saved] },
      unknown,
      [...jaxpr.outputs, ...saved].map(() => false),
    );
    const isOut = outUnknown.slice(0, jaxpr.outputs.length);
    const first = removeDeadCode({
      ...known,
      outputs: known.outputs.slice(
        0,
        outUnknown.filter((flag) => !flag).length,
      ),
    });
    const out = first.outputs.length
      ? self.bind(
          args.filter((_, i) => !unknown[i]),
          { jaxpr: first, policy },
        )
      : [];
    const kept = out.splice(out.length - saved.length);
    const later = record([...kept, ...args], {
      jaxpr: removeDeadCode({
        ...rest,
        outputs: jaxpr.outputs.filter((_, i) => isOut[i]),
      }),
      policy,
    });
    return isOut.map((flag) =>
      flag ? (later.shift() as Value) : (out.shift() as Value),
    );
  },
});

/** Ready-made policies (jax.checkpoint_policies). */
export const checkpointPolicies = {
  /** Everything is computed again from the arguments: the least memory. */
  nothingSaveable: () => false,
  /** Nothing is computed again, as without checkpoint. */
  everythingSaveable: () => true,
  /** Results of matrix products are kept, the cheap work between them is done again. */
  dotsSaveable: (primitive) => primitive === "dot",
} as const satisfies Record<string, CheckpointPolicy>;

/**
 * `f` with its derivative computed from its arguments alone: less memory, one more evaluation (jax.checkpoint). A
 * `policy` keeps the results of some operations; it is asked about those of `f` itself, not those inside its loops.
 */
export const checkpoint = <A extends readonly unknown[], R>(
  f: (...args: A) => R,
  options: { policy?: CheckpointPolicy } = {},
): ((...args: A) => R) =>
  calling("checkpoint", f, ({ closed, values }) =>
    rematP.bind([...closed.consts, ...values], {
      jaxpr: closed.jaxpr,
      policy: options.policy ?? checkpointPolicies.nothingSaveable,
    }),
  );
