/** @file Linear algebra by the names of numpy.linalg and scipy.linalg. */
export { cholesky, solveTriangular, triangularSolve, type CholeskyOptions, type SolveTriangularOptions, type Trans } from "./triangular.ts"; // prettier-ignore
export { eigh, eigvalsh, lu, luFactor, polar, qr, svd, svdvals, type EighOptions, type LuFactors, type QrMode, type SvdOptions } from "./decompose.ts"; // prettier-ignore
export { choFactor, choSolve, inv, luSolve, solve, type CholeskyFactors, type SolveOptions } from "./solve.ts"; // prettier-ignore
export { lstsq, pinv, type LstsqOptions, type PinvOptions } from "./least-squares.ts"; // prettier-ignore
export { det, slogdet } from "./det.ts";
export { cond, matrixNorm, matrixRank, norm, vectorNorm, type MatrixNormOptions, type NormOptions, type NormOrder, type VectorNormOptions } from "./norm.ts"; // prettier-ignore
export { matrixPower, multiDot } from "./products.ts";
export { expm } from "./expm.ts";
export { blockDiag, toeplitz } from "./build.ts";
export { diagonal, trace } from "./faces.ts";
export { cross, matmul, outer, tensordot, vecdot } from "../numpy/linear.ts";
export { matrixTranspose } from "../numpy/manipulate.ts";
