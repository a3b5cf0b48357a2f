/** @file Products of few rows with a large matrix that stays the same all through a loop, with the matrix on the left.
 *
 * A matrix multiply copies its right operand into panels before it starts and reads the left one as it lies. A weight
 * that changes with every call cannot be packed when the program is compiled, so it goes to the left, where it is not
 * copied at all; the few rows beside it are turned instead. Measured on one core, 32 rows times 1900 x 1900: 121
 * GFLOP/s, against 60 with the weight on the right and 80 with a packed constant there; at 128 rows 121, 108 and 126.
 * So a constant goes to the left as well where rows are few, but not fewer than a kernel takes at once.
 */
import { Var, type Eqn, type Jaxpr } from "../jaxpr/jaxpr.ts";
import { reachedFrom } from "../jaxpr/reach.ts";
import type { DotDims } from "../lowering/kernel.ts";
import { dot } from "../primitives/dot.ts";
import { transpose } from "../primitives/structural.ts";
import { isScan, openLoop, closeLoop, type Link, type Loop } from "./loop.ts";
import { rewrite, write } from "./rewrite.ts";

/** Numbers of rows for which a weight stands on the left; with more the copy is small beside the product. */
interface Rows {
  readonly least: number;
  readonly most: number;
}
const forVarying: Rows = { least: 2, most: 256 };
const forConstant: Rows = { least: 16, most: 64 };
const timesRows = 4;

/** How a loop's operands count as weights; null for what changes in the loop. */
type RowsOf = (v: Var) => Rows | null;

/** The large side of a product of matrices that stays the same, if it has one. */
function weightSide(eqn: Eqn, weightRows: RowsOf): 0 | 1 | null {
  if (eqn.primitive.name !== "dot") return null;
  const { contract, batch } = eqn.params as DotDims;
  const [x, y] = eqn.inputs;
  const areMatrices = x.type.shape.length === 2 && y.type.shape.length === 2;
  if (!areMatrices || batch[0].length > 0 || contract[0].length !== 1)
    return null;
  const [left, right] = [weightRows(x), weightRows(y)];
  const fits = left ?? right;
  if (x.type.dtype !== "float32" || !fits || (left && right)) return null;
  const side = left ? 0 : 1;
  const rows = eqn.inputs[1 - side].type.shape[1 - contract[1 - side][0]];
  const large = Math.min(...eqn.inputs[side].type.shape);
  return rows >= fits.least && rows <= fits.most && large >= timesRows * rows
    ? side
    : null;
}

/** Operands that stand for a weight, turned around before the loop. */
type Turned = Map<Var, Link>;

/** The products of a loop's body with what never changes in the loop. */
function turnProducts(
  loop: Loop,
  weightRows: RowsOf,
  turned: Turned,
  before: Eqn[],
): readonly Eqn[] {
  const outer = new Map(loop.consts.map((c) => [c.inner, c.outer]));
  /** The weight with its contracted axis last. */
  const rowsOf = (weight: Var, axis: number): Var => {
    if (axis === 1) return weight;
    let link = turned.get(weight);
    if (!link) {
      const out = write([outer.get(weight) as Var], ([w]) => [transpose(w)]);
      before.push(...out.eqns);
      const [first] = out.outputs;
      link = { outer: first, inner: new Var(first.type) };
      turned.set(weight, link);
    }
    return link.inner;
  };
  return rewrite({ inputs: [], eqns: loop.eqns, outputs: [] }, (e) => {
    const side = weightSide(e, weightRows);
    if (side === null) return null;
    const { contract } = e.params as DotDims;
    const weight = rowsOf(e.inputs[side], contract[side][0]);
    // Turned here, not by the product: ONNX Runtime would swap a product that transposes on its way in and out.
    const turn = contract[1 - side][0] === 1;
    const dims: DotDims = { contract: [[1], [0]], batch: [[], []] };
    const out = write([weight, e.inputs[1 - side]], ([w, x]) => {
      const product = dot(w, turn ? transpose(x) : x, dims);
      return [side === 0 ? product : transpose(product)];
    });
    const last = out.eqns.at(-1) as Eqn;
    return {
      eqns: [...out.eqns.slice(0, -1), { ...last, outputs: e.outputs }],
      outputs: e.outputs,
    };
  }).eqns;
}

/** Runs once, after the passes that would undo it; `varying` are the inputs that may change from call to call. */
export function weightsFirst(jaxpr: Jaxpr, varying: readonly Var[]): Jaxpr {
  const varies = reachedFrom(varying, jaxpr.eqns);
  return rewrite(jaxpr, (eqn) => {
    if (eqn.primitive.name === "remat") {
      const params = eqn.params as { jaxpr: Jaxpr };
      const { inputs } = params.jaxpr;
      const body = weightsFirst(
        params.jaxpr,
        inputs.filter((_, i) => varies.has(eqn.inputs[i])),
      );
      if (body === params.jaxpr) return null;
      return {
        eqns: [{ ...eqn, params: { ...params, jaxpr: body } }],
        outputs: eqn.outputs,
      };
    }
    if (!isScan(eqn)) return null;
    const loop = openLoop(eqn);
    const weights = new Map(
      loop.consts.map(({ outer, inner }) => [
        inner,
        varies.has(outer) ? forVarying : forConstant,
      ]),
    );
    // Loops inside of the loop first: what they turn is a product of this body's no more.
    const { eqns } = weightsFirst(
      { inputs: [], eqns: loop.eqns, outputs: [] },
      [
        ...loop.consts.filter((c) => varies.has(c.outer)).map((c) => c.inner),
        ...loop.carries.map((c) => c.entry),
        ...loop.xs.map((x) => x.inner),
      ],
    );
    const turned: Turned = new Map();
    const before: Eqn[] = [];
    const body = turnProducts(
      { ...loop, eqns },
      (v) => weights.get(v) ?? null,
      turned,
      before,
    );
    if (body === loop.eqns) return null;
    return {
      eqns: [
        ...before,
        closeLoop({
          ...loop,
          consts: [...loop.consts, ...turned.values()],
          eqns: body,
        }),
      ],
      outputs: eqn.outputs,
    };
  });
}
