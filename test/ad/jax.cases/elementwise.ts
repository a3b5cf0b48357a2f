/** @file jax.numpy element by element: the functions of goldens/cases/elementwise.py. */
import { numpy as np } from "../../../src/ad/index.ts";
import {
  elementwise,
  type Golden,
  type ElementwiseOptions,
} from "./families.ts";

const numpy = (names: string, options?: ElementwiseOptions): Golden[] =>
  elementwise("numpy", np, names, options);

export const goldens: Golden[] = [
  ...numpy(
    "sin cos sinh cosh tanh arctan arcsinh exp exp2 expm1 square sinc tan",
  ),
  ...numpy(
    "log log2 log10 log1p sqrt cbrt reciprocal arcsin arccos arctanh arccosh",
  ),
  ...numpy(
    "abs absolute negative positive fabs deg2rad rad2deg degrees radians nanToNum",
  ),
  ...numpy("sign floor ceil trunc rint round", { smooth: 1 }),
  ...numpy("isnan isinf isfinite isposinf isneginf signbit logicalNot", {
    smooth: 0,
  }),
  ...numpy("spacing", { smooth: 0, edges: false }),
  ...numpy("add subtract multiply divide trueDivide maximum minimum fmax fmin"),
  ...numpy("arctan2 hypot logaddexp logaddexp2 power floatPower"),
  ...numpy("fmod remainder mod", { smooth: 1 }),
  ...numpy("copysign heaviside floorDivide nextafter", { smooth: 0 }),
  ...numpy("equal notEqual less lessEqual greater greaterEqual isclose", {
    smooth: 0,
  }),
  ...numpy("logicalAnd logicalOr logicalXor", { smooth: 0 }),
];
