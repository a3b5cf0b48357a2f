/** @file `customJvp` and `customVjp`: a function with a derivative of its own. */
import { isFloat } from "../dtype.ts";
import type { Jaxpr } from "../jaxpr/jaxpr.ts";
import { emitJaxpr } from "../lowering/lower.ts";
import {
  Unknown,
  definePrimitive,
  type BatchAxis,
  type Rules,
  type Tangent,
} from "../primitive.ts";
import { zeros } from "../primitives/fill.ts";
import { batchToFront, sum } from "../primitives/structural.ts";
import type { ArrayType } from "../shape.ts";
import type { Value } from "../tracer.ts";
import { flattenLike, flattenValues } from "../transforms/flat.ts";
import type { ArrayArgs, Arrays } from "../transforms/types.ts";
import { batchJaxpr, vmap } from "../transforms/vmap.ts";
import { unflatten, type TreeDef } from "../tree.ts";
import { calling } from "./call.ts";

/** Takes and returns flat lists; several lists are several arguments. */
type Lists = (...lists: Value[][]) => Value[][];

/** The first `consts` operands are values the function closed over; no derivative is defined by those. */
interface Custom {
  readonly jaxpr: Jaxpr;
  readonly consts: number;
}

const closedOver = (who: string, consts: readonly Tangent[]) => {
  if (consts.some((t) => t !== null))
    throw new TypeError(
      `${who}: the function closes over a value that is being differentiated; pass it as an argument`,
    );
};

const common = {
  type: (_inputs: readonly ArrayType[], { jaxpr }: Custom) =>
    jaxpr.outputs.map((v) => v.type),
  lower: ((b, inputs, _out, { jaxpr }) =>
    emitJaxpr(b, jaxpr, inputs)) as Rules<Custom>["lower"],
};

const instantiate = (primals: readonly Value[], tangents: readonly Tangent[]) =>
  tangents.map((t, i) => t ?? zeros(primals[i].type));

/** Operands with their batch axis first, and the jaxpr over the batch; every result is batched. */
function batched(
  size: number,
  args: readonly Value[],
  axes: readonly BatchAxis[],
  { jaxpr, consts }: Custom,
) {
  const flags = axes.map((axis) => axis !== null);
  const body = batchJaxpr(
    jaxpr,
    size,
    flags,
    jaxpr.outputs.map(() => true),
  );
  return {
    operands: args.map((x, i) =>
      flags[i] ? batchToFront(x, axes[i], size) : x,
    ),
    jaxpr: body.jaxpr,
    consts,
    axes: flags.slice(consts).map((flag) => (flag ? 0 : null)),
    outAxes: jaxpr.outputs.map(() => 0),
  };
}

const customJvpP = definePrimitive<Custom & { readonly jvp: Lists }>(
  "customJvp",
  {
    ...common,
    diff: {
      jvp(_self, primals, tangents, { consts, jvp }) {
        closedOver("customJvp", tangents.slice(0, consts));
        const xs = primals.slice(consts);
        const [out, dout] = jvp(xs, instantiate(xs, tangents.slice(consts)));
        return [out, dout.map((t) => (isFloat(t.dtype) ? [t] : []))];
      },
      transpose() {
        throw new TypeError(
          "customJvp: cannot be transposed before it is differentiated",
        );
      },
    },
    batch(self, size, args, axes, params) {
      const b = batched(size, args, axes, params);
      const jvp = vmap(params.jvp, [b.axes, b.axes]);
      return [
        self.bind(b.operands, { jaxpr: b.jaxpr, consts: b.consts, jvp }),
        b.outAxes,
      ];
    },
  },
);

/**
 * `f` whose derivative is `rule(primals, tangents) -> [result, tangent of the result]`, both lists like the
 * arguments (jax.custom_jvp). The rule is itself differentiated for higher orders.
 */
export const customJvp = <A extends readonly unknown[], R>(
  f: (...args: A) => R,
  rule: (primals: A, tangents: ArrayArgs<A>) => readonly [R, Arrays<R>],
): ((...args: A) => R) =>
  calling("customJvp", f, ({ closed, values, def, outDef }) =>
    customJvpP.bind([...closed.consts, ...values], {
      jaxpr: closed.jaxpr,
      consts: closed.consts.length,
      jvp(primals, tangents) {
        const [y, dy] = rule(
          unflatten(def, primals) as A,
          unflatten(def, tangents) as ArrayArgs<A>,
        );
        const out = resultsLike("customJvp", "result", y, outDef);
        return [out, flattenLike("customJvp", "tangent", dy, outDef, out)];
      },
    }),
  );

function resultsLike(
  who: string,
  word: string,
  tree: unknown,
  def: TreeDef,
): Value[] {
  const [leaves] = flattenValues(who, tree);
  return flattenLike(who, word, tree, def, leaves);
}

/** The tangent of a customVjp function: only its transpose is known. */
interface Linear {
  readonly residuals: number;
  readonly types: readonly ArrayType[];
  readonly bwd: Lists;
}

const forwardOnly = () =>
  new TypeError(
    "customVjp: the function has a rule for reverse mode only and cannot be differentiated forwards; use customJvp",
  );

const customLinP = definePrimitive<Linear>("customLin", {
  type: (_inputs, { types }) => [...types],
  diff: {
    jvp() {
      throw forwardOnly();
    },
    transpose(_self, cotangents, args, { residuals, types, bwd }) {
      const cts = types.map((type, i) => cotangents[i] ?? zeros(type));
      const known = args.slice(0, residuals) as Value[];
      const [back] = bwd(known, cts);
      return args.map((x, i) =>
        x instanceof Unknown ? back[i - residuals] : null,
      );
    },
  },
  batch(self, size, args, axes, { residuals, types, bwd }) {
    const front = args.map((x, i) => batchToFront(x, axes[i], size));
    return [
      self.bind(front, {
        residuals,
        types: types.map((t) => ({ ...t, shape: [size, ...t.shape] })),
        bwd: vmap(bwd),
      }),
      types.map(() => 0),
    ];
  },
  lower() {
    throw forwardOnly();
  },
});

const customVjpP = definePrimitive<
  Custom & { readonly fwd: Lists; readonly bwd: Lists }
>("customVjp", {
  ...common,
  diff: {
    jvp(_self, primals, tangents, { consts, fwd, bwd }) {
      closedOver("customVjp", tangents.slice(0, consts));
      const xs = primals.slice(consts);
      const [out, residuals] = fwd(xs);
      const dout = customLinP.bind(
        [...residuals, ...instantiate(xs, tangents.slice(consts))],
        { residuals: residuals.length, types: out.map((y) => y.type), bwd },
      );
      return [out, dout.map((t) => (isFloat(t.dtype) ? [t] : []))];
    },
    transpose() {
      throw new TypeError(
        "customVjp: cannot be transposed before it is differentiated",
      );
    },
  },
  batch(self, size, args, axes, params) {
    const b = batched(size, args, axes, params);
    const pull = vmap(params.bwd);
    return [
      self.bind(b.operands, {
        jaxpr: b.jaxpr,
        consts: b.consts,
        fwd: vmap(params.fwd, [b.axes]),
        // An argument the whole batch shares takes the sum of what its members send back.
        bwd: (residuals, cts) => {
          const [back] = pull(residuals, cts);
          return [
            back.map((ct, i) => (b.axes[i] === null ? sum(ct, [0]) : ct)),
          ];
        },
      }),
      b.outAxes,
    ];
  },
});

/**
 * `f` with its own reverse mode: `fwd(...args) -> [result, residuals]`, `bwd(residuals, cotangent) -> cotangents of
 * the arguments`, a list like them (jax.custom_vjp).
 */
export const customVjp = <A extends readonly unknown[], R, S>(
  f: (...args: A) => R,
  fwd: (...args: A) => readonly [R, S],
  bwd: (residuals: S, cotangent: Arrays<R>) => ArrayArgs<A>,
): ((...args: A) => R) =>
  calling("customVjp", f, ({ closed, values, def, outDef }) => {
    let residualDef: TreeDef = { kind: "none" };
    return customVjpP.bind([...closed.consts, ...values], {
      jaxpr: closed.jaxpr,
      consts: closed.consts.length,
      fwd(args) {
        const [y, residuals] = fwd(...(unflatten(def, args) as A));
        const [leaves, tree] = flattenValues("customVjp", residuals);
        residualDef = tree;
        return [resultsLike("customVjp", "result", y, outDef), leaves];
      },
      bwd(residuals, cts) {
        const back = bwd(
          unflatten(residualDef, residuals) as S,
          unflatten(outDef, cts) as Arrays<R>,
        );
        return [flattenLike("customVjp", "cotangent", back, def, values)];
      },
    });
  });
