/** @file Random bits by counter: JAX's threefry keys, on the host. */
export {
  prngKey,
  randomBits,
  split,
  threefry2x32,
  type Key,
} from "./threefry.ts";
