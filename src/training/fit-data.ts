/** @file What `fit` trains on and what it holds out: sequences as residue tokens, checked before anything runs. */
import { createHash } from "node:crypto";
import { encode, nameSequence, type Sequences } from "../unirep/index.ts";
import { epochOrder } from "./windows.ts";

export interface FitData {
  /** Residue tokens of each sequence, without start and stop. */
  readonly training: readonly Uint8Array[];
  readonly validation: readonly Uint8Array[];
  readonly residues: number;
  /** SHA-256 of all of it, in order: a checkpoint goes on only with the same data. */
  readonly sha256: string;
}

/** Reads all sequences; a letter that is no amino acid ends it with a LetterError that names place and column. */
export async function readFitData(
  sequences: Sequences,
  validation: Sequences | number,
  seed: number,
): Promise<FitData> {
  const all = await readTokens(sequences);
  const heldOut =
    typeof validation === "number"
      ? split(all, validation, seed)
      : { training: all, validation: await readTokens(validation) };
  if (validation !== 0 && heldOut.validation.length === 0)
    throw new RangeError(`fit: expected at least one sequence to validate on, got ${typeof validation === "number" ? `a share of ${validation} of ${all.length} sequences` : "none"}`); // prettier-ignore
  if (heldOut.training.length === 0)
    throw new RangeError("fit: expected at least one sequence to train on, got none"); // prettier-ignore
  const hash = createHash("sha256");
  for (const list of [heldOut.training, heldOut.validation]) {
    hash.update(`${list.length}\n`);
    for (const tokens of list) hash.update(tokens).update("\0");
  }
  return {
    ...heldOut,
    residues: heldOut.training.reduce((sum, x) => sum + x.length, 0),
    sha256: hash.digest("hex"),
  };
}

async function readTokens(sequences: Sequences): Promise<Uint8Array[]> {
  const tokens: Uint8Array[] = [];
  for await (const input of sequences)
    tokens.push(encode(nameSequence(input, tokens.length).sequence));
  return tokens;
}

/** Holds out about `share` of the sequences, drawn by `seed`; identical sequences stay on one side. */
function split(
  all: readonly Uint8Array[],
  share: number,
  seed: number,
): Pick<FitData, "training" | "validation"> {
  if (!(share >= 0 && share < 1))
    throw new RangeError(
      `fit: expected validation to be a share from 0 to below 1, got ${share}`,
    );
  const groups = new Map<string, Uint8Array[]>();
  for (const tokens of all) {
    const key = Buffer.from(tokens).toString("latin1");
    const group = groups.get(key);
    if (group) group.push(tokens);
    else groups.set(key, [tokens]);
  }
  const distinct = [...groups.values()];
  const count = Math.round(share * distinct.length);
  // An order of its own: the epochs' are numbered from 0.
  const order = epochOrder(distinct.length, seed, 2 ** 32);
  const chosen = new Set(Array.from(order.subarray(0, count), (i) => distinct[i]).flat()); // prettier-ignore
  return {
    training: all.filter((tokens) => !chosen.has(tokens)),
    validation: all.filter((tokens) => chosen.has(tokens)),
  };
}
