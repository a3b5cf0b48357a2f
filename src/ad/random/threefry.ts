/** @file Threefry-2x32 on the host: JAX's counter-based random bits, exactly, for keys, splits and 32-bit draws. */

/** Two 32-bit words, what `jax.random.PRNGKey` holds. */
export type Key = readonly [hi: number, lo: number];

// Salmon et al., "Parallel random numbers: as easy as 1, 2, 3" (SC 2011): 20 rounds, key injected after every fourth.
const PARITY = 0x1bd11bda;

/**
 * The block function: encrypts each pair (x0[i], x1[i]) under `key`, in place.
 * Both arrays hold n words; counters go in, random words come out.
 */
export function threefry2x32(key: Key, x0: Uint32Array, x1: Uint32Array): void {
  if (x0.length !== x1.length) {
    throw new RangeError(
      `threefry2x32: both halves must have one length, got ${x0.length} and ${x1.length}`,
    );
  }
  const k0 = key[0] | 0;
  const k1 = key[1] | 0;
  const k2 = k0 ^ k1 ^ PARITY;
  for (let i = 0; i < x0.length; i++) {
    let a = (x0[i] + k0) | 0;
    let b = (x1[i] + k1) | 0;
    // Written out: a loop over rotation constants halves the speed, and 18 million weights are drawn this way.
    a = (a + b) | 0;
    b = ((b << 13) | (b >>> 19)) ^ a;
    a = (a + b) | 0;
    b = ((b << 15) | (b >>> 17)) ^ a;
    a = (a + b) | 0;
    b = ((b << 26) | (b >>> 6)) ^ a;
    a = (a + b) | 0;
    b = ((b << 6) | (b >>> 26)) ^ a;
    a = (a + k1) | 0;
    b = (b + k2 + 1) | 0;
    a = (a + b) | 0;
    b = ((b << 17) | (b >>> 15)) ^ a;
    a = (a + b) | 0;
    b = ((b << 29) | (b >>> 3)) ^ a;
    a = (a + b) | 0;
    b = ((b << 16) | (b >>> 16)) ^ a;
    a = (a + b) | 0;
    b = ((b << 24) | (b >>> 8)) ^ a;
    a = (a + k2) | 0;
    b = (b + k0 + 2) | 0;
    a = (a + b) | 0;
    b = ((b << 13) | (b >>> 19)) ^ a;
    a = (a + b) | 0;
    b = ((b << 15) | (b >>> 17)) ^ a;
    a = (a + b) | 0;
    b = ((b << 26) | (b >>> 6)) ^ a;
    a = (a + b) | 0;
    b = ((b << 6) | (b >>> 26)) ^ a;
    a = (a + k0) | 0;
    b = (b + k1 + 3) | 0;
    a = (a + b) | 0;
    b = ((b << 17) | (b >>> 15)) ^ a;
    a = (a + b) | 0;
    b = ((b << 29) | (b >>> 3)) ^ a;
    a = (a + b) | 0;
    b = ((b << 16) | (b >>> 16)) ^ a;
    a = (a + b) | 0;
    b = ((b << 24) | (b >>> 8)) ^ a;
    a = (a + k1) | 0;
    b = (b + k2 + 4) | 0;
    a = (a + b) | 0;
    b = ((b << 13) | (b >>> 19)) ^ a;
    a = (a + b) | 0;
    b = ((b << 15) | (b >>> 17)) ^ a;
    a = (a + b) | 0;
    b = ((b << 26) | (b >>> 6)) ^ a;
    a = (a + b) | 0;
    b = ((b << 6) | (b >>> 26)) ^ a;
    x0[i] = a + k2;
    x1[i] = b + k0 + 5;
  }
}

/** `jax.random.PRNGKey(seed)` for an integer seed of at most 53 bits (JAX itself needs x64 mode above 32). */
export function prngKey(seed: number): Key {
  if (!Number.isSafeInteger(seed) || seed < 0) {
    throw new RangeError(
      `prngKey: seed must be an integer from 0 to 2^53 - 1, got ${seed}`,
    );
  }
  return [Math.floor(seed / 2 ** 32), seed >>> 0];
}

/** `jax.random.split(key, count)` as JAX >= 0.5 computes it (`jax_threefry_partitionable`). */
export function split(key: Key, count = 2): Key[] {
  const x0 = new Uint32Array(count);
  const x1 = Uint32Array.from(x0, (_, i) => i);
  threefry2x32(key, x0, x1);
  return Array.from(x0, (hi, i): Key => [hi, x1[i]]);
}

/**
 * `jax.random.bits(key, (count,), 'uint32')`, words `from` to `from + out.length`, written to `out`.
 * In JAX >= 0.5 word i is the xor of both halves of the block at counter i, so any window can be drawn alone.
 */
export function randomBits(key: Key, out: Uint32Array, from = 0): void {
  const hi = new Uint32Array(out.length);
  for (let i = 0; i < out.length; i++) {
    hi[i] = Math.floor((from + i) / 2 ** 32);
    out[i] = from + i;
  }
  threefry2x32(key, hi, out);
  for (let i = 0; i < out.length; i++) out[i] ^= hi[i];
}
