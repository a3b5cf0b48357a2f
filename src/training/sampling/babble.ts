/** @file `babble`: sequences drawn from the language model, letter by letter, many side by side. */
import {
  array,
  jit,
  random,
  vmap,
  type Array as AdArray,
  type Value,
} from "../../ad/index.ts";
import {
  carryOn,
  CLASSES,
  decode,
  encode,
  loadWeights,
  nextTokenLogProbs,
  normalizeSequence,
  prepareNetwork,
  Results,
  step,
  tokens,
  type EngineDevice,
  type MlstmState,
  type ModelName,
  type Weights,
} from "../../unirep/index.ts";
import { zeroCarry } from "../window-arrays.ts";
import { foldKey, rollDice, type Key } from "./dice.ts";
import {
  drawPlanOf,
  drawToken,
  type DrawOptions,
  type DrawPlan,
} from "./draw-letter.ts";

export interface BabbleOptions extends DrawOptions {
  /** Sequences to draw. Default 1. */
  readonly count?: number | undefined;
  /** Published architecture, by default `"1900"`. */
  readonly model?: ModelName | undefined;
  /** A path, an id, `random` or `random:SEED`, or weights already read. */
  readonly weights?: string | Weights | undefined;
  /** Residues that every sequence begins with. */
  readonly prefix?: string | undefined;
  /** Decides all draws, with each sequence's number. Default 0. */
  readonly seed?: number | undefined;
  /** Sequences drawn side by side. Default 64. */
  readonly lanes?: number | undefined;
  readonly device?: EngineDevice | undefined;
  readonly threads?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface Babbled {
  /** Its number, from 1. */
  readonly id: string;
  readonly sequence: string;
  /** Whether the model ended it, or `maxLength` did. */
  readonly end: "stop" | "maxLength";
  /** log p of each residue, those of the prefix among them, and of stop at the end, at temperature 1: those of `score`. */
  readonly logProbs: Float32Array;
}

/** A sequence in a lane. */
interface Lane {
  readonly index: number;
  readonly key: Key;
  readonly residues: number[];
  readonly logProbs: number[];
  /** What the lane reads next. */
  token: number;
}

/**
 * Draws sequences from the model: each letter from its distribution given all before it, until it draws stop or
 * `maxLength` residues are there. Only `letters` are drawn, by default the 20 amino acids, with their probabilities
 * scaled up to 1 with stop's; start and the shared token of X, Z, B and J never are.
 *
 * `await babble(options)` gives all, `for await` one after the other, in order. A sequence depends on the seed and its
 * number, not on how many are drawn beside it (but for a draw within float32 rounding of a boundary).
 */
export function babble(options: BabbleOptions = {}): Results<Babbled> {
  return new Results(() => run(options));
}

async function* run(options: BabbleOptions): AsyncGenerator<Babbled> {
  const { signal, device = "cpu", threads = 0, seed = 0 } = options;
  signal?.throwIfAborted();
  const { count = 1, lanes: most = 64 } = options;
  checkCount("count", count);
  checkCount("lanes", most);
  const plan = drawPlanOf(options);
  const prefix = options.prefix
    ? encode(
        normalizeSequence(options.prefix, { who: "babble: prefix" }).sequence,
      )
    : new Uint8Array();
  if (prefix.length > plan.maxLength)
    throw new RangeError(
      `babble: expected a prefix of at most maxLength ${plan.maxLength} residues, got ${prefix.length}`,
    );
  const weights =
    typeof options.weights === "object"
      ? options.weights
      : await loadWeights({
          model:
            options.model ??
            (options.weights === undefined ? "1900" : undefined),
          weights: options.weights,
        });
  const key = random.threefry.prngKey(seed);
  const width = Math.min(most, count);
  const advance = await compileStep(weights, device, threads);
  let next = 0;
  const open = (): Lane | null =>
    next < count
      ? {
          index: next,
          key: foldKey(key, next++),
          residues: [],
          logProbs: [],
          token: tokens.start,
        }
      : null;
  const lanes = Array.from({ length: width }, open);
  /** Finished sequences that one with a smaller number still keeps waiting. */
  const done = new Map<number, Babbled>();
  let shown = 0;
  let states: readonly MlstmState[] = zeroCarry(weights.config, width);
  try {
    while (lanes.some((lane) => lane !== null)) {
      signal?.throwIfAborted();
      const out = advance(
        states,
        array(Int32Array.from(lanes, (lane) => lane?.token ?? tokens.start)),
        array(
          Float32Array.from(lanes, (lane) =>
            Number(lane?.token !== tokens.start),
          ),
        ),
      );
      states = out.states;
      const logProbs = await (out.logProbs as AdArray).data();
      lanes.forEach((lane, k) => {
        if (lane === null) return;
        const row = logProbs.subarray(k * CLASSES, (k + 1) * CLASSES);
        const ended = extend(lane, row, prefix, plan);
        if (ended === null) return;
        done.set(lane.index, ended);
        lanes[k] = open();
      });
      for (let ready = done.get(shown); ready; ready = done.get(shown)) {
        done.delete(shown++);
        yield ready;
      }
    }
  } finally {
    await advance.dispose();
  }
}

/** Adds the next token to a lane; the finished sequence if it was the last. */
function extend(
  lane: Lane,
  logProbs: ArrayLike<number>,
  prefix: Uint8Array,
  plan: DrawPlan,
): Babbled | null {
  const { residues } = lane;
  const { length } = residues;
  const token =
    length < prefix.length
      ? prefix[length]
      : drawToken(logProbs, length, plan, rollDice(foldKey(lane.key, length)));
  lane.logProbs.push(logProbs[token - 1]);
  if (token !== tokens.stop) {
    residues.push(token);
    lane.token = token;
    return null;
  }
  return {
    id: String(lane.index + 1),
    sequence: decode(residues),
    end: length >= plan.maxLength ? "maxLength" : "stop",
    logProbs: Float32Array.from(lane.logProbs),
  };
}

/** One token of every lane, (lanes) each; `keep` 0 forgets the sequence that ended in a lane. */
async function compileStep(
  { params }: Weights,
  device: EngineDevice,
  threads: number,
) {
  const network = await prepareNetwork(params, device);
  const lane = (states: readonly MlstmState[], token: Value, keep: Value) => {
    const next = step(network, carryOn(states, keep), token);
    return {
      states: next,
      logProbs: nextTokenLogProbs(network, next[next.length - 1].h),
    };
  };
  return jit(vmap(lane), { device, threads, donateArgnums: [0] });
}

function checkCount(name: string, value: number): void {
  if (!Number.isInteger(value) || value < 1)
    throw new RangeError(
      `babble: expected ${name} to be a positive integer, got ${value}`,
    );
}
