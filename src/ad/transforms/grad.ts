/** @file Reverse mode: `linearize`, `vjp`, `grad`, `valueAndGrad`. */
import { isFloat } from "../dtype.ts";
import { evalJaxpr } from "../jaxpr/jaxpr.ts";
import { Unknown, type Tangent } from "../primitive.ts";
import { fill, zeros } from "../primitives/fill.ts";
import { showType } from "../shape.ts";
import type { Value } from "../tracer.ts";
import { unflatten, type TreeDef } from "../tree.ts";
import { asValue, type ArrayLike } from "../value.ts";
import { FlatFunction, flattenLike, flattenValues } from "./flat.ts";
import { runLinearize } from "./linearize.ts";
import { backwardPass } from "./transpose.ts";
import type { Argnums, ArrayArgs, Arrays, Selected } from "./types.ts";

const floats = (values: readonly Value[]) =>
  values.map((x) => isFloat(x.dtype));

/** Results of `f`, and the map from their cotangents to those of its arguments (null: zero). */
export function pullback(
  f: (args: Value[]) => readonly Value[],
  primals: readonly Value[],
): { out: readonly Value[]; pull: (cts: readonly Tangent[]) => Tangent[] } {
  const active = floats(primals);
  const {
    primals: out,
    linear: { jaxpr, consts },
    nonzero,
  } = runLinearize(f, primals, active);
  const unknown = jaxpr.inputs
    .slice(consts.length)
    .map((v) => new Unknown(v.type));
  return {
    out,
    pull: (cts) => {
      const back = backwardPass(
        jaxpr,
        [...consts, ...unknown],
        cts.filter((_, i) => nonzero[i]),
      ).slice(consts.length);
      return active.map((flag) => (flag ? (back.shift() as Tangent) : null));
    },
  };
}

/**
 * `[f(...primals), pull]`: `pull` takes a cotangent with the tree and types of the result and returns the
 * cotangents of the arguments, zeros for integer ones (jax.vjp).
 */
export function vjp<A extends readonly unknown[], R>(
  f: (...args: A) => R,
  primals: A,
): [R, (cotangent: Arrays<R>) => ArrayArgs<A>] {
  const [values, def] = flattenValues("vjp", primals);
  const flat = new FlatFunction("vjp", f, def);
  const { out, pull } = pullback(flat.run, values);
  return [
    flat.build(out),
    (cotangent) => {
      const cts = pull(
        flattenLike("vjp", "cotangent", cotangent, flat.outDef, out),
      );
      return unflatten(
        def,
        cts.map((ct, i) => ct ?? zeros(values[i].type)),
      ) as ArrayArgs<A>;
    },
  ];
}

/** `[f(...primals), push]`: the derivative at that point as a linear function of tangents, evaluated without `f` (jax.linearize). */
export function linearize<A extends readonly unknown[], R>(
  f: (...args: A) => R,
  primals: A,
): [R, (...tangents: ArrayArgs<A>) => Arrays<R>] {
  const [values, def] = flattenValues("linearize", primals);
  const flat = new FlatFunction("linearize", f, def);
  const active = floats(values);
  const {
    primals: out,
    linear,
    nonzero,
  } = runLinearize(flat.run, values, active);
  return [
    flat.build(out),
    (...tangents) => {
      const given = flattenLike("linearize", "tangent", tangents, def, values);
      const moving = evalJaxpr(linear.jaxpr, [
        ...linear.consts,
        ...given.filter((_, i) => active[i]),
      ]);
      return flat.build(
        out.map((x, i) =>
          nonzero[i] ? (moving.shift() as Value) : zeros(x.type),
        ),
      ) as Arrays<R>;
    },
  ];
}

/** The arguments a derivative is taken by, as leaves; the function of those leaves alone; the tree of its answer. */
export function select<A extends readonly unknown[], R>(
  who: string,
  f: (...args: A) => R,
  args: A,
  argnums: Argnums,
): { values: Value[]; def: TreeDef; flat: FlatFunction<[unknown], R> } {
  const several = typeof argnums !== "number";
  const positions = (several ? argnums : [argnums]).map((n) => {
    const at = n < 0 ? n + args.length : n;
    if (!(at in args))
      throw new TypeError(
        `${who}: expected argnums among the ${args.length} arguments, got ${n}`,
      );
    return at;
  });
  const chosen = positions.map((at) => args[at]);
  const [values, def] = flattenValues(who, several ? chosen : chosen[0]);
  values.forEach((x) => {
    if (!isFloat(x.dtype))
      throw new TypeError(
        `${who}: expected float32 or float64 leaves in argument ${positions.join(", ")}, got ${showType(x.type)}; convert it with astype or differentiate by other argnums`,
      );
  });
  const call = (picked: unknown): R => {
    const all: unknown[] = [...args];
    const parts = several ? (picked as readonly unknown[]) : [picked];
    positions.forEach((at, i) => (all[at] = parts[i]));
    return f(...(all as unknown as A));
  };
  const flat = new FlatFunction(who, call, { kind: "list", items: [def] });
  return { values, def, flat };
}

export interface GradOptions<N extends Argnums, H extends boolean> {
  /** The argument or arguments to differentiate by; the first by default. */
  readonly argnums?: N;
  /** The function returns `[value, aux]`; aux is passed on as it is. */
  readonly hasAux?: H;
}

/** `f` returning its value beside the gradient: `[value, grads]`, or with `hasAux` `[[value, aux], grads]` (jax.value_and_grad). */
export function valueAndGrad<
  A extends readonly unknown[],
  const N extends Argnums = 0,
>(
  f: (...args: A) => ArrayLike,
  options?: GradOptions<N, false>,
): (...args: A) => [Value, NoInfer<Selected<A, N>>];
export function valueAndGrad<
  A extends readonly unknown[],
  Aux,
  const N extends Argnums = 0,
>(
  f: (...args: A) => readonly [ArrayLike, Aux],
  options: GradOptions<N, true>,
): (...args: A) => [[Value, Aux], NoInfer<Selected<A, N>>];
export function valueAndGrad<A extends readonly unknown[]>(
  f: (...args: A) => unknown,
  options: GradOptions<Argnums, boolean> = {},
): (...args: A) => [unknown, unknown] {
  return scalarGrad("valueAndGrad", f, options);
}

/** The gradient of a scalar function by one argument (a tree like it) or several (a list); see GradOptions (jax.grad). */
export function grad<A extends readonly unknown[], const N extends Argnums = 0>(
  f: (...args: A) => ArrayLike,
  options?: GradOptions<N, false>,
): (...args: A) => NoInfer<Selected<A, N>>;
export function grad<
  A extends readonly unknown[],
  Aux,
  const N extends Argnums = 0,
>(
  f: (...args: A) => readonly [ArrayLike, Aux],
  options: GradOptions<N, true>,
): (...args: A) => [NoInfer<Selected<A, N>>, Aux];
export function grad<A extends readonly unknown[]>(
  f: (...args: A) => unknown,
  options: GradOptions<Argnums, boolean> = {},
): (...args: A) => unknown {
  const both = scalarGrad("grad", f, options);
  return (...args) => {
    const [value, grads] = both(...args);
    return options.hasAux ? [grads, (value as unknown[])[1]] : grads;
  };
}

function scalarGrad<A extends readonly unknown[]>(
  who: string,
  f: (...args: A) => unknown,
  { argnums = 0, hasAux = false }: GradOptions<Argnums, boolean>,
): (...args: A) => [unknown, unknown] {
  return (...args) => {
    const { values, def, flat } = select(who, f, args, argnums);
    const { out, pull } = pullback(flat.run, values);
    const value = asValue(who, out[0] ?? null);
    if ((!hasAux && out.length > 1) || value.ndim > 0 || !isFloat(value.dtype))
      throw new TypeError(
        `${who}: expected a function with one scalar float result, got ${out.map((x) => showType(x.type)).join(", ")}; sum it, use hasAux for further results, or take jacrev`,
      );
    const cts = pull([fill(1, value.type), ...out.slice(1).map(() => null)]);
    return [
      flat.build(out),
      unflatten(
        def,
        cts.map((ct, i) => ct ?? zeros(values[i].type)),
      ),
    ];
  };
}
