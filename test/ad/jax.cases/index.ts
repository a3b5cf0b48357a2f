/** @file All cases, a file a face. */
import * as arrays from "./arrays.ts";
import * as elementwise from "./elementwise.ts";
import * as indexing from "./indexing.ts";
import * as linearAlgebra from "./linear-algebra.ts";
import * as loops from "./loops.ts";
import * as neural from "./neural.ts";
import * as optimizing from "./optimizing.ts";
import * as reductions from "./reductions.ts";
import * as scans from "./scans.ts";
import * as special from "./special.ts";
import * as transforms from "./transforms.ts";

export const goldens = [
  ...arrays.goldens,
  ...elementwise.goldens,
  ...indexing.goldens,
  ...linearAlgebra.goldens,
  ...loops.goldens,
  ...neural.goldens,
  ...optimizing.goldens,
  ...reductions.goldens,
  ...scans.goldens,
  ...special.goldens,
  ...transforms.goldens,
];
