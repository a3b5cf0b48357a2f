/** @file Training data as windows of packed lanes: sequences end to end, every one once an epoch, in a seeded order.
 *
 * Each lane holds sequences one after the other; a window is the next `steps` tokens of all lanes. A protein longer than
 * a window goes on in the next one with its state carried over (truncated back-propagation through time). The order of
 * an epoch is a permutation drawn from the seed and the epoch's number, and the position in it is a few integers, so
 * that training can stop anywhere and go on with the very same windows.
 */
import { random } from "../ad/index.ts";
import { tokens } from "../unirep/index.ts";

const { threefry } = random;

/** Which sequence a lane is in, and its next token; null for a lane that has run out of sequences. */
export type Lane = { readonly sequence: number; readonly at: number } | null;

/** Everything that decides the windows to come. */
export interface Position {
  /** Epochs begun, counted from 0, and the next place in the order of that epoch. */
  readonly epoch: number;
  readonly next: number;
  readonly lanes: readonly Lane[];
}

/** The next tokens of all lanes, row-major (steps, lanes). */
export interface Window {
  readonly tokens: Int32Array;
  /** 0 where a sequence begins: the state before it is forgotten. */
  readonly keep: Uint8Array;
  /** Class of the token to predict: token - 1. */
  readonly targets: Int32Array;
  /** 1 where there is something to predict, 0 in lanes that have run out. */
  readonly mask: Float32Array;
  /** Tokens that count: the sum of `mask`. */
  readonly count: number;
  /** The residues among them; the others are stops. */
  readonly residues: number;
}

export interface WindowOptions {
  readonly lanes: number;
  /** Steps of a window. */
  readonly window: number;
  readonly seed: number;
  /** Epochs in all; lanes run out after the last. */
  readonly epochs: number;
  /** Keeps the sequences in the order given, as for validation. */
  readonly inOrder?: boolean;
}

export const start = (lanes: number): Position => ({
  epoch: 0,
  next: 0,
  lanes: Array.from({ length: lanes }, () => null),
});

/** A window with nothing in it. */
export function emptyWindow({
  lanes,
  window,
}: Pick<WindowOptions, "lanes" | "window">): Window {
  const size = lanes * window;
  return {
    tokens: new Int32Array(size),
    keep: new Uint8Array(size),
    targets: new Int32Array(size),
    mask: new Float32Array(size),
    count: 0,
    residues: 0,
  };
}

/** The order in which `count` sequences are visited in an epoch: sorted by 64 random bits each, ties by index. */
export function epochOrder(
  count: number,
  seed: number,
  epoch: number,
): Uint32Array {
  const words = new Uint32Array(2);
  threefry.randomBits(threefry.prngKey(seed), words, 2 * epoch);
  const bits = new Uint32Array(2 * count);
  threefry.randomBits([words[0], words[1]], bits);
  const order = Uint32Array.from({ length: count }, (_, i) => i);
  return order.sort(
    (a, b) =>
      bits[2 * a] - bits[2 * b] || bits[2 * a + 1] - bits[2 * b + 1] || a - b,
  );
}

/** Deals windows out of `sequences`, residue tokens each without start and stop. */
export class Windows {
  readonly #sequences: readonly Uint8Array[];
  readonly #options: WindowOptions;
  #order: Uint32Array;
  #position: Position;

  constructor(
    sequences: readonly Uint8Array[],
    options: WindowOptions,
    position: Position = start(options.lanes),
  ) {
    this.#sequences = sequences;
    this.#options = options;
    this.#position = position;
    this.#order = this.#orderOf(position.epoch);
  }

  /** Where the next window begins. */
  get position(): Position {
    return this.#position;
  }

  /** Whether every sequence of every epoch has been read to its end. */
  get ended(): boolean {
    const { epoch, next, lanes } = this.#position;
    return (
      epoch + 1 >= this.#options.epochs &&
      next === this.#order.length &&
      lanes.every((lane) => lane === null)
    );
  }

  #orderOf(epoch: number): Uint32Array {
    const { length } = this.#sequences;
    return this.#options.inOrder
      ? Uint32Array.from({ length }, (_, i) => i)
      : epochOrder(length, this.#options.seed, epoch);
  }

  /** The next window; null when every sequence of every epoch has been read to its end. */
  take(): Window | null {
    const { lanes: width, window: steps, epochs } = this.#options;
    let { epoch, next } = this.#position;
    const lanes = [...this.#position.lanes];
    const window = emptyWindow(this.#options);
    let [count, residueCount] = [0, 0];
    const takeSequence = (): Lane => {
      if (next === this.#order.length && epoch + 1 < epochs) {
        epoch++;
        next = 0;
        this.#order = this.#orderOf(epoch);
      }
      return next < this.#order.length
        ? { sequence: this.#order[next++], at: 0 }
        : null;
    };
    // Step by step, so that lanes take sequences in the order in which they fall free.
    for (let step = 0; step < steps; step++)
      for (let lane = 0; lane < width; lane++) {
        const now = lanes[lane] ?? takeSequence();
        if (now === null) continue;
        const residues = this.#sequences[now.sequence];
        const { at } = now;
        const i = step * width + lane;
        window.tokens[i] = at === 0 ? tokens.start : residues[at - 1];
        window.keep[i] = at === 0 ? 0 : 1;
        window.targets[i] =
          (at < residues.length ? residues[at] : tokens.stop) - 1;
        window.mask[i] = 1;
        count++;
        if (at < residues.length) residueCount++;
        lanes[lane] = at < residues.length ? { ...now, at: at + 1 } : null;
      }
    if (count === 0) return null;
    this.#position = { epoch, next, lanes };
    return { ...window, count, residues: residueCount };
  }
}
