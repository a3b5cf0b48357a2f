/** @file The methods: how one array moves along its gradient. Defaults are those of jax.example_libraries.optimizers. */
import {
  abs,
  add,
  divide,
  greater,
  maximum,
  multiply,
  power,
  sqrt,
  subtract,
  where,
} from "../numpy/index.ts";
import { zeros } from "../primitives/fill.ts";
import type { Value } from "../tracer.ts";
import { scalar, type ArrayLike } from "../value.ts";
import {
  blend,
  optimizer,
  type Optimizer,
  type Schedule,
} from "./optimizer.ts";
import { asSchedule } from "./schedules.ts";

type StepSize = number | Schedule;

const zero = (x: Value): Value => zeros(x.type);
const square = (x: Value): Value => multiply(x, x);
/** x - rate * direction */
const move = (x: Value, rate: ArrayLike, direction: Value): Value =>
  subtract(x, multiply(rate, direction));

/** Gradient descent: x - rate g. */
export const sgd = (stepSize: StepSize): Optimizer => {
  const rate = asSchedule(stepSize);
  return optimizer({
    init: () => ({}),
    step: (x, g, _slots, i) => ({ x: move(x, rate(i), g) }),
  });
};

/** Momentum (Polyak 1964): v = mass v + g, x - rate v. */
export const momentum = (stepSize: StepSize, mass: number): Optimizer => {
  const rate = asSchedule(stepSize);
  return optimizer({
    init: (x) => ({ velocity: zero(x) }),
    step: (x, g, slots, i) => {
      const velocity = add(multiply(mass, slots.velocity), g);
      return { x: move(x, rate(i), velocity), velocity };
    },
  });
};

/** Nesterov's momentum: looks ahead along the velocity. */
export const nesterov = (stepSize: StepSize, mass: number): Optimizer => {
  const rate = asSchedule(stepSize);
  return optimizer({
    init: (x) => ({ velocity: zero(x) }),
    step: (x, g, slots, i) => {
      const velocity = add(multiply(mass, slots.velocity), g);
      return {
        x: move(x, rate(i), add(multiply(mass, velocity), g)),
        velocity,
      };
    },
  });
};

/** Adagrad (Duchi et al. 2011), with momentum. */
export const adagrad = (stepSize: StepSize, mass = 0.9): Optimizer => {
  const rate = asSchedule(stepSize);
  return optimizer({
    init: (x) => ({ squares: zero(x), m: zero(x) }),
    step: (x, g, slots, i) => {
      const squares = add(slots.squares, square(g));
      const positive = greater(squares, 0);
      const root = sqrt(where(positive, squares, 1));
      const scaled = where(positive, divide(g, root), 0);
      const m = blend(1 - mass, scaled, mass, slots.m);
      return { x: move(x, rate(i), m), squares, m };
    },
  });
};

/** RMSProp (Hinton's lecture 6e): the step is divided by a running root mean square of gradients. */
export const rmsprop = (
  stepSize: StepSize,
  gamma = 0.9,
  eps = 1e-8,
): Optimizer => {
  const rate = asSchedule(stepSize);
  return optimizer({
    init: (x) => ({ average: zero(x) }),
    step: (x, g, slots, i) => {
      const average = blend(slots.average, gamma, square(g), 1 - gamma);
      const scaled = divide(g, sqrt(add(average, eps)));
      return { x: move(x, rate(i), scaled), average };
    },
  });
};

/** RMSProp with momentum on the scaled gradient. */
export const rmspropMomentum = (
  stepSize: StepSize,
  gamma = 0.9,
  eps = 1e-8,
  mass = 0.9,
): Optimizer => {
  const rate = asSchedule(stepSize);
  return optimizer({
    init: (x) => ({ average: zero(x), m: zero(x) }),
    step: (x, g, slots, i) => {
      const average = blend(slots.average, gamma, square(g), 1 - gamma);
      const scaled = divide(multiply(rate(i), g), sqrt(add(average, eps)));
      const m = add(multiply(mass, slots.m), scaled);
      return { x: subtract(x, m), average, m };
    },
  });
};

/** One step's first and second moments with their start-up bias taken out. */
function moments(
  g: Value,
  slots: Readonly<Record<string, Value>>,
  i: Value,
  b1: number,
  b2: number,
) {
  const m = blend(1 - b1, g, b1, slots.m);
  const v = blend(1 - b2, square(g), b2, slots.v);
  return {
    m,
    v,
    mHat: divide(m, biasOf(b1, m, i)),
    vHat: divide(v, biasOf(b2, v, i)),
  };
}

/** 1 - b^(i+1), the share of a moving average that is not its zero start, in the dtype of `x`. */
const biasOf = (b: number, x: Value, i: Value): Value =>
  subtract(1, power(scalar(b, x.dtype), add(i, 1)));

/** Adam (Kingma & Ba 2015). */
export const adam = (
  stepSize: StepSize,
  b1 = 0.9,
  b2 = 0.999,
  eps = 1e-8,
): Optimizer => adamW(stepSize, { b1, b2, eps, weightDecay: 0 });

export interface AdamWOptions {
  readonly b1?: number;
  readonly b2?: number;
  readonly eps?: number;
  readonly weightDecay?: number;
}

/** Adam with weight decay apart from the gradient (Loshchilov & Hutter 2019): x - rate (m/(sqrt(v)+eps) + weightDecay x). */
export const adamW = (
  stepSize: StepSize,
  { b1 = 0.9, b2 = 0.999, eps = 1e-8, weightDecay = 0.01 }: AdamWOptions = {},
): Optimizer => {
  const rate = asSchedule(stepSize);
  return optimizer({
    init: (x) => ({ m: zero(x), v: zero(x) }),
    step: (x, g, slots, i) => {
      const { m, v, mHat, vHat } = moments(g, slots, i, b1, b2);
      const direction = divide(mHat, add(sqrt(vHat), eps));
      const decayed =
        weightDecay === 0
          ? direction
          : add(direction, multiply(weightDecay, x));
      return { x: move(x, rate(i), decayed), m, v };
    },
  });
};

/** Adamax (Kingma & Ba 2015): the second moment is a running maximum. */
export const adamax = (
  stepSize: StepSize,
  b1 = 0.9,
  b2 = 0.999,
  eps = 1e-8,
): Optimizer => {
  const rate = asSchedule(stepSize);
  return optimizer({
    init: (x) => ({ m: zero(x), v: zero(x) }),
    step: (x, g, slots, i) => {
      const m = blend(1 - b1, g, b1, slots.m);
      const v = maximum(multiply(b2, slots.v), abs(g));
      const scale = divide(rate(i), biasOf(b1, x, i));
      return { x: move(x, scale, divide(m, add(v, eps))), m, v };
    },
  });
};
