/** @file Inputs of the fault tests: proteins that are the same in every run. */

const letters = "ACDEFGHIKLMNPQRSTVWY";

/** Whole numbers below what it is called with (xorshift32): the same for the same seed, on every machine. */
export function numbers(seed: number): (below: number) => number {
  let state = seed >>> 0 || 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state % below;
  };
}

export function proteins(count: number, length: number, seed = 1): string[] {
  const next = numbers(seed * 7919);
  return Array.from({ length: count }, () =>
    Array.from({ length }, () => letters[next(letters.length)]).join(""),
  );
}

/** Relatives of one protein: what evotuning is for. */
export function family(count: number, length: number, seed = 1): string[] {
  const [ancestor] = proteins(1, length, seed);
  const next = numbers(seed * 104_729);
  return Array.from({ length: count }, () => {
    const residues = ancestor.split("");
    for (let change = 0; change < 3; change++)
      residues[next(length)] = letters[next(letters.length)];
    return residues.join("");
  });
}

export const fasta = (sequences: readonly string[]): string =>
  sequences.map((sequence, n) => `>p${n}\n${sequence}\n`).join("");
