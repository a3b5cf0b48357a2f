/** @file A scan equation taken apart: every operand and result beside the variable that stands for it inside. */
import { scanP } from "../control/scan.ts";
import { parts, type ScanParams } from "../control/scan-params.ts";
import type { Eqn, Var } from "../jaxpr/jaxpr.ts";
import type { Primitive } from "../primitive.ts";
import { rewrite, type Define, type Pass } from "./rewrite.ts";

/** A variable of the program around the loop and the one that stands for it in the body. */
export interface Link {
  readonly outer: Var;
  readonly inner: Var;
}

export interface Carry {
  readonly init: Var;
  readonly entry: Var;
  readonly next: Var;
  readonly final: Var;
}

/** `init` and every `outer` are variables around the loop, as `final` is; the others are the body's. */
export interface Loop {
  readonly consts: readonly Link[];
  readonly carries: readonly Carry[];
  readonly xs: readonly Link[];
  readonly ys: readonly Link[];
  readonly eqns: readonly Eqn[];
  readonly length: number;
  readonly reverse: boolean;
}

export const isScan = (eqn: Eqn): boolean =>
  eqn.primitive === (scanP as unknown as Primitive<never>);

export function openLoop({ inputs, params, outputs }: Eqn): Loop {
  const scan = params as ScanParams;
  const { jaxpr, carries, length, reverse } = scan;
  const [consts, init, xs] = parts(inputs, scan);
  const [constsIn, entries, xsIn] = parts(jaxpr.inputs, scan);
  const link = (outer: Var, inner: Var): Link => ({ outer, inner });
  return {
    consts: consts.map((v, i) => link(v, constsIn[i])),
    carries: init.map((v, i) => ({
      init: v,
      entry: entries[i],
      next: jaxpr.outputs[i],
      final: outputs[i],
    })),
    xs: xs.map((v, i) => link(v, xsIn[i])),
    ys: outputs
      .slice(carries)
      .map((v, i) => link(v, jaxpr.outputs[carries + i])),
    eqns: jaxpr.eqns,
    length,
    reverse,
  };
}

export function closeLoop(loop: Loop): Eqn {
  const { consts, carries, xs, ys, eqns, length, reverse } = loop;
  const params: ScanParams = {
    jaxpr: {
      inputs: [
        ...consts.map((c) => c.inner),
        ...carries.map((c) => c.entry),
        ...xs.map((x) => x.inner),
      ],
      eqns,
      outputs: [...carries.map((c) => c.next), ...ys.map((y) => y.inner)],
    },
    consts: consts.length,
    carries: carries.length,
    length,
    reverse,
  };
  return {
    primitive: scanP as unknown as Primitive<never>,
    inputs: [
      ...consts.map((c) => c.outer),
      ...carries.map((c) => c.init),
      ...xs.map((x) => x.outer),
    ],
    params,
    outputs: [...carries.map((c) => c.final), ...ys.map((y) => y.outer)],
  };
}

/** A loop after a pass: with equations before and after it, and results that go by other names. */
export interface Changed {
  readonly before?: readonly Eqn[];
  readonly loop: Loop;
  readonly after?: readonly Eqn[];
  readonly names?: ReadonlyMap<Var, Var>;
}

/** The pass that changes every scan of a jaxpr. */
export const overLoops =
  (change: (loop: Loop, define: Define) => Changed | null): Pass =>
  (jaxpr) =>
    rewrite(jaxpr, (eqn, define) => {
      if (!isScan(eqn)) return null;
      const out = change(openLoop(eqn), define);
      return (
        out && {
          eqns: [
            ...(out.before ?? []),
            closeLoop(out.loop),
            ...(out.after ?? []),
          ],
          outputs: eqn.outputs.map((v) => out.names?.get(v) ?? v),
        }
      );
    });

/** What the body's results are. */
export const loopOutputs = ({ carries, ys }: Loop): Var[] => [
  ...carries.map((c) => c.next),
  ...ys.map((y) => y.inner),
];
