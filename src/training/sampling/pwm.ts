/** @file A position weight matrix: how often each letter is proposed at each residue, checked and copied. */

/** For each residue of the sequence the weights of letters; a letter that is not named has weight 0. */
export type Pwm = readonly Readonly<Record<string, number>>[];

/** Shares of the letters at one residue: they sum to 1, or are all 0 where the row names none. */
export interface PwmRow {
  readonly share: Float64Array;
}

/** A copy of `pwm` with rows in the order of `letters`; a RangeError names the first entry that makes no sense. */
export function readPwm(who: string, pwm: Pwm, letters: string): PwmRow[] {
  return pwm.map((row, i) => {
    const share = new Float64Array(letters.length);
    for (const [letter, weight] of Object.entries(row)) {
      const at = letter.length === 1 ? letters.indexOf(letter) : -1;
      if (at < 0 || !(weight >= 0 && weight < Infinity))
        throw new RangeError(
          `${who}: expected PWM rows of weights from 0 for letters among ${letters}, got ${JSON.stringify(letter)}: ${weight} at position ${i + 1}`,
        );
      share[at] = weight;
    }
    const most = Math.max(...share);
    if (most === 0) return { share };
    // Divided by the largest first: weights near the largest float would overflow in the sum.
    const total = share.reduce((sum, w) => sum + w / most, 0);
    return { share: share.map((w) => w / most / total) };
  });
}
