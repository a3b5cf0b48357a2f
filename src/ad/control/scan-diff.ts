/** @file The derivative of scan: a scan of the differentiated body, and the same loop run backwards as its transpose. */
import { Unknown, type Differentiation, type Tangent } from "../primitive.ts";
import { add } from "../primitives/elementwise.ts";
import { zeros } from "../primitives/fill.ts";
import { removeAxis } from "../shape.ts";
import type { Value } from "../tracer.ts";
import { jvpJaxpr } from "../transforms/jvp.ts";
import { splitJaxpr } from "../transforms/linearize.ts";
import { traceToJaxpr } from "../transforms/trace.ts";
import { backwardPass } from "../transforms/transpose.ts";
import { fixpoint, parts, stacked, type ScanParams } from "./scan-params.ts";

export const scanDiff: Differentiation<ScanParams> = {
  jvp(self, primals, tangents, params) {
    const [consts, init, xs] = parts(primals, params);
    const [dconsts, dinit, dxs] = parts(tangents, params);
    const has = (list: readonly Tangent[]) => list.map((t) => t !== null);
    const { jaxpr, carries } = params;
    const ys = jaxpr.outputs.length - carries;
    const { body, carryFlags, outNonzero } = fixpoint(
      has(dinit),
      (carryFlags) => {
        const force = [...carryFlags, ...Array<boolean>(ys).fill(false)];
        const { jaxpr: body, outNonzero } = jvpJaxpr(
          jaxpr,
          [...has(dconsts), ...carryFlags, ...has(dxs)],
          force,
        );
        return {
          flags: outNonzero.slice(0, carries),
          result: { body, carryFlags, outNonzero },
        };
      },
    );
    // The differentiated body takes and gives all primals first; scan wants consts, carries and xs each together.
    const kept = <T>(list: readonly (T | null)[]) =>
      list.filter((t): t is T => t !== null);
    const dinitKept = kept(
      dinit.map((t, i) => (carryFlags[i] ? (t ?? zeros(init[i].type)) : null)),
    );
    const [dconstsKept, dxsKept] = [kept(dconsts), kept(dxs)];
    const [n, nc] = [primals.length, consts.length];
    const cut = [
      nc,
      nc + carries,
      n,
      n + dconstsKept.length,
      n + dconstsKept.length + dinitKept.length,
    ];
    const group = <T>(v: readonly T[]) => [
        ...v.slice(0, cut[0]), ...v.slice(cut[2], cut[3]),
        ...v.slice(cut[0], cut[1]), ...v.slice(cut[3], cut[4]),
        ...v.slice(cut[1], cut[2]), ...v.slice(cut[4]),
      ]; // prettier-ignore
    const outs = body.outputs;
    const [carryOut, yOut] = [
      outs.slice(0, carries),
      outs.slice(carries, carries + ys),
    ];
    const [dcarryOut, dyOut] = [
      outs.slice(carries + ys, carries + ys + dinitKept.length),
      outs.slice(carries + ys + dinitKept.length),
    ];
    const out = self.bind(
      [...consts, ...dconstsKept, ...init, ...dinitKept, ...xs, ...dxsKept],
      {
        ...params,
        jaxpr: {
          inputs: group(body.inputs),
          eqns: body.eqns,
          outputs: [...carryOut, ...dcarryOut, ...yOut, ...dyOut],
        },
        consts: consts.length + dconstsKept.length,
        carries: carries + dinitKept.length,
      },
    );
    const carryEnd = carries + dinitKept.length;
    const tangentsOut = [
      ...out.slice(carries, carryEnd),
      ...out.slice(carryEnd + ys),
    ];
    return [
      [...out.slice(0, carries), ...out.slice(carryEnd, carryEnd + ys)],
      outNonzero.map((flag) => (flag ? [tangentsOut.shift() as Value] : [])),
    ];
  },

  /** The cotangent of the carry runs backwards in time; those of unknown constants are summed over the steps. */
  transpose(self, cotangents, args, params) {
    const [consts, init, xs] = parts(args, params);
    const { jaxpr, carries, length, reverse } = params;
    const known = (list: readonly (Value | Unknown)[]) =>
      list.filter((x): x is Value => !(x instanceof Unknown));
    const unknown = (list: readonly (Value | Unknown)[]) =>
      list.filter((x): x is Unknown => x instanceof Unknown);
    if (!reachesAllCarries(args, params))
      throw new TypeError(
        "scan: a linear scan must be linear in all of its carries",
      );
    const ctCarry = jaxpr.outputs
      .slice(0, carries)
      .map((v, i) => cotangents[i] ?? zeros(v.type));
    const ctYs = jaxpr.outputs
      .slice(carries)
      .map((v, i) => cotangents[carries + i] ?? zeros(stacked(v.type, length)));
    const constSums = unknown(consts).map((u) => zeros(u.type));
    const [constsIn, , xsIn] = parts(jaxpr.inputs, params);
    const typesOf = (list: readonly Value[], drop: boolean) =>
      list.map(({ type }) =>
        drop ? { ...type, shape: removeAxis(type.shape, 0) } : type,
      );
    const knownConsts = known(consts);
    const knownXs = known(xs);
    const closed = traceToJaxpr(
      (flat) => {
        const take = (n: number) => flat.splice(0, n);
        const residualConsts = take(knownConsts.length);
        const sums = take(constSums.length);
        const carryCts = take(carries);
        const residualXs = take(knownXs.length);
        const yCts = flat;
        const operands = [
          ...consts.map((x, i) =>
            x instanceof Unknown
              ? new Unknown(constsIn[i].type)
              : (residualConsts.shift() as Value),
          ),
          ...init.map((x) => new Unknown(x.type)),
          ...xs.map((x, i) =>
            x instanceof Unknown
              ? new Unknown(xsIn[i].type)
              : (residualXs.shift() as Value),
          ),
        ];
        const cts = backwardPass(jaxpr, operands, [...carryCts, ...yCts]);
        const [ctConsts, ctInit, ctXs] = parts(
          cts.map((ct, i) =>
            operands[i] instanceof Unknown
              ? (ct ?? zeros(operands[i].type))
              : null,
          ),
          params,
        );
        const added = ctConsts
          .filter((ct): ct is Value => ct !== null)
          .map((ct, i) => add(sums[i], ct));
        return [
          ...added,
          ...(ctInit as Value[]),
          ...ctXs.filter((ct): ct is Value => ct !== null),
        ];
      },
      [
          ...typesOf(knownConsts, false), ...typesOf(constSums, false), ...typesOf(ctCarry, false),
          ...typesOf(knownXs, true), ...typesOf(ctYs, true),
        ], // prettier-ignore
    );
    const out = self.bind(
      [...knownConsts, ...constSums, ...ctCarry, ...knownXs, ...ctYs],
      {
        jaxpr: closed.jaxpr,
        consts: knownConsts.length,
        carries: constSums.length + carries,
        length,
        reverse: !reverse,
      },
    );
    const sums = out.splice(0, constSums.length);
    const ctInit = out.splice(0, carries);
    return [
      ...consts.map((x) =>
        x instanceof Unknown ? (sums.shift() as Value) : null,
      ),
      ...ctInit.map((ct, i) => (init[i] instanceof Unknown ? ct : null)),
      ...xs.map((x) => (x instanceof Unknown ? (out.shift() as Value) : null)),
    ];
  },
};

/**
 * A carry that enters as a known value is the zero tangent of a carry that gains its own inside the loop, unless no
 * unknown reaches it there.
 */
function reachesAllCarries(
  args: readonly (Value | Unknown)[],
  params: ScanParams,
): boolean {
  const { jaxpr, carries } = params;
  const [consts, init, xs] = parts(
    args.map((x) => x instanceof Unknown),
    params,
  );
  return fixpoint(init, (flags) => ({
    flags: flags.includes(false)
      ? splitJaxpr(
          jaxpr,
          [...consts, ...flags, ...xs],
          jaxpr.outputs.map(() => false),
        ).outUnknown.slice(0, carries)
      : flags,
    result: !flags.includes(false),
  }));
}
