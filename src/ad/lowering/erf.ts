/** @file erf and erfc as scalar expressions: rational approximations good to the last digits of float64. */
import { ir, type Expr } from "./expr.ts";
import {
  add,
  apply,
  div,
  like,
  lt,
  mul,
  polynomial,
  select,
  sub,
} from "./forms.ts";

/**
 * The ranges and coefficients are those of SunPro's s_erf.c (fdlibm 5.3), lowest power first. In the tails
 * exp(-x^2) is split as W. J. Cody does (Math. Comp. 23, 1969): z is x cut to sixteenths, so that z^2 is exact.
 */
const center = [
  [1.28379167095512558561e-1, -3.25042107247001499370e-1, -2.84817495755985104766e-2, -5.77027029648944159157e-3, -2.37630166566501626084e-5],
  [1, 3.97917223959155352819e-1, 6.50222499887672944485e-2, 5.08130628187576562776e-3, 1.32494738004321644526e-4, -3.96022827877536812320e-6],
] as const; // prettier-ignore
const shoulder = [
  [-2.36211856075265944077e-3, 4.14856118683748331666e-1, -3.72207876035701323847e-1, 3.18346619901161753674e-1, -1.10894694282396677476e-1, 3.54783043256182359371e-2, -2.16637559486879084300e-3],
  [1, 1.06420880400844228286e-1, 5.40397917702171048937e-1, 7.18286544141962662868e-2, 1.26171219808761642112e-1, 1.36370839120290507362e-2, 1.19844998467991074170e-2],
] as const; // prettier-ignore
const near = [
  [-9.86494403484714822705e-3, -6.93858572707181764372e-1, -1.05586262253232909814e1, -6.23753324503260060396e1, -1.62396669462573470355e2, -1.84605092906711035994e2, -8.12874355063065934246e1, -9.81432934416914548592],
  [1, 1.96512716674392571292e1, 1.37657754143519042600e2, 4.34565877475229228821e2, 6.45387271733267880336e2, 4.29008140027567833386e2, 1.08635005541779435134e2, 6.57024977031928170135, -6.04244152148580987438e-2],
] as const; // prettier-ignore
const far = [
  [-9.86494292470009928597e-3, -7.99283237680523006574e-1, -1.77579549177547519889e1, -1.60636384855821916062e2, -6.37566443368389627722e2, -1.02509513161107724954e3, -4.83519191608651397019e2],
  [1, 3.03380607434824582924e1, 3.25792512996573918826e2, 1.53672958608443695994e3, 3.19985821950859553908e3, 2.55305040643316442583e3, 4.74528541206955367215e2, -2.24409524465858183362e1],
] as const; // prettier-ignore
/** erf(1) in few bits, so that adding it loses none of the correction. */
const atOne = 8.45062911510467529297e-1;

type Rational = readonly [readonly number[], readonly number[]];
const ratio = ([p, q]: Rational, x: Expr): Expr =>
  div(polynomial(x, p), polynomial(x, q));

/** The pieces both functions are made of: |x|, erf(x)/x - 1, erf(|x|) - atOne about 1, and erfc(|x|) beyond. */
function pieces(x: Expr) {
  const c = (value: number) => like(x, value);
  const a = apply("abs", x);
  // Beyond 30 both tails have long been 0, and infinity would meet itself in a difference.
  const t = ir.binary("min", a, c(30));
  const z = div(apply("floor", mul(t, c(16))), c(16));
  const s = div(c(1), mul(t, t));
  const bend = select(lt(t, c(1 / 0.35)), ratio(near, s), ratio(far, s));
  const tail = div(
    mul(
      apply("exp", sub(c(-0.5625), mul(z, z))),
      apply("exp", add(mul(sub(z, t), add(z, t)), bend)),
    ),
    t,
  );
  return {
    a,
    c,
    core: mul(x, ratio(center, mul(x, x))),
    bump: ratio(shoulder, sub(a, c(1))),
    tail,
  };
}

export function erf(x: Expr): Expr {
  const { a, c, core, bump, tail } = pieces(x);
  const outer = select(lt(a, c(1.25)), add(c(atOne), bump), sub(c(1), tail));
  const signed = select(lt(x, c(0)), apply("neg", outer), outer);
  return select(lt(a, c(0.84375)), add(x, core), signed);
}

export function erfc(x: Expr): Expr {
  const { a, c, core, bump, tail } = pieces(x);
  const inner = sub(c(0.5), add(sub(x, c(0.5)), core));
  const right = select(lt(a, c(1.25)), sub(c(1 - atOne), bump), tail);
  const outer = select(lt(x, c(0)), sub(c(2), right), right);
  return select(lt(a, c(0.84375)), inner, outer);
}
