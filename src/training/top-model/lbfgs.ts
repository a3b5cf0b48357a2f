/** @file L-BFGS: minimises a smooth function of many numbers, in float64. */

export interface Evaluated {
  readonly value: number;
  readonly gradient: Float64Array;
}

export interface LbfgsOptions {
  /** Done when no element of the gradient is larger. */
  readonly tolerance: number;
  readonly maxSteps: number;
}

/** Pairs of steps and changes of gradient that stand for the curvature. */
const memory = 10;
// Weak Wolfe conditions: enough decrease, and a slope that has become flatter.
const [decrease, flatter] = [1e-4, 0.9];

const dot = (a: Float64Array, b: Float64Array): number =>
  a.reduce((sum, x, i) => sum + x * b[i], 0);
const largest = (a: Float64Array): number =>
  a.reduce((m, x) => Math.max(m, Math.abs(x)), 0);

/** Minimises `f` from `start` (Nocedal 1980); an Error if it has not converged after `maxSteps`. */
export async function minimize(
  f: (x: Float64Array) => Promise<Evaluated>,
  start: Float64Array,
  { tolerance, maxSteps }: LbfgsOptions,
): Promise<Float64Array> {
  let x = start;
  let at = await f(x);
  const pairs: { s: Float64Array; y: Float64Array; curvature: number }[] = [];
  for (let step = 0; step < maxSteps; step++) {
    if (largest(at.gradient) <= tolerance) return x;
    const direction = newtonDirection(at.gradient, pairs);
    const found = await search(f, x, at, direction);
    // No shorter step is lower: the function's own rounding is reached.
    if (found === null) break;
    const s = found.x.map((value, i) => value - x[i]);
    const y = found.at.gradient.map((value, i) => value - at.gradient[i]);
    const curvature = dot(s, y);
    if (curvature > 0) pairs.push({ s, y, curvature });
    if (pairs.length > memory) pairs.shift();
    ({ x, at } = found);
  }
  const left = largest(at.gradient);
  if (left <= 1000 * tolerance) return x;
  throw new Error(
    `minimize: expected a gradient of at most ${tolerance} within ${maxSteps} steps, got ${left}; a larger penalty converges sooner`,
  );
}

/** Minus the inverse Hessian, as far as the pairs tell, times the gradient: two passes over the pairs. */
function newtonDirection(
  gradient: Float64Array,
  pairs: readonly { s: Float64Array; y: Float64Array; curvature: number }[],
): Float64Array {
  const d = gradient.map((g) => -g);
  const along: number[] = [];
  for (let k = pairs.length - 1; k >= 0; k--) {
    const { s, y, curvature } = pairs[k];
    along[k] = dot(s, d) / curvature;
    for (let i = 0; i < d.length; i++) d[i] -= along[k] * y[i];
  }
  const newest = pairs.at(-1);
  // Without pairs, a first step of length 1 at most.
  const scale = newest
    ? newest.curvature / dot(newest.y, newest.y)
    : 1 / Math.max(1, Math.sqrt(dot(gradient, gradient)));
  for (let i = 0; i < d.length; i++) d[i] *= scale;
  pairs.forEach(({ s, y, curvature }, k) => {
    const back = along[k] - dot(y, d) / curvature;
    for (let i = 0; i < d.length; i++) d[i] += back * s[i];
  });
  return d;
}

/** Halves or doubles the step until both conditions hold. */
async function search(
  f: (x: Float64Array) => Promise<Evaluated>,
  from: Float64Array,
  at: Evaluated,
  direction: Float64Array,
): Promise<{ x: Float64Array; at: Evaluated } | null> {
  const slope = dot(at.gradient, direction);
  let [low, high, t] = [0, Infinity, 1];
  for (let trial = 0; trial < 50; trial++) {
    const x = from.map((value, i) => value + t * direction[i]);
    const next = await f(x);
    if (!(next.value <= at.value + decrease * t * slope)) high = t;
    else if (dot(next.gradient, direction) < flatter * slope) low = t;
    else return { x, at: next };
    t = high === Infinity ? 2 * t : (low + high) / 2;
  }
  return null;
}
