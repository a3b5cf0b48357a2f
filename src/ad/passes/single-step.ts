/** @file A scan of one step is its body: nothing goes around, and passes see what is inside beside what is around it. */
import { reshape } from "../primitives/structural.ts";
import { isScan, loopOutputs, openLoop } from "./loop.ts";
import { everywhere, inline, rewrite, write } from "./rewrite.ts";

export const singleStep = everywhere((jaxpr) =>
  rewrite(jaxpr, (eqn) => {
    if (!isScan(eqn)) return null;
    const loop = openLoop(eqn);
    if (loop.length !== 1) return null;
    const { consts, carries, xs, ys, eqns } = loop;
    const rows = xs.map(({ outer, inner }) =>
      write([outer], ([x]) => [reshape(x, inner.type.shape)]),
    );
    const body = inline(
      {
        inputs: [
          ...consts.map((c) => c.inner),
          ...carries.map((c) => c.entry),
          ...xs.map((x) => x.inner),
        ],
        eqns,
        outputs: loopOutputs(loop),
      },
      [
        ...consts.map((c) => c.outer),
        ...carries.map((c) => c.init),
        ...rows.map((row) => row.outputs[0]),
      ],
    );
    const stacked = ys.map(({ outer }, i) =>
      write([body.outputs[carries.length + i]], ([y]) => [
        reshape(y, outer.type.shape),
      ]),
    );
    return {
      eqns: [
        ...rows.flatMap((row) => row.eqns),
        ...body.eqns,
        ...stacked.flatMap((y) => y.eqns),
      ],
      outputs: [
        ...body.outputs.slice(0, carries.length),
        ...stacked.map((y) => y.outputs[0]),
      ],
    };
  }),
);
