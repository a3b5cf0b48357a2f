/** @file Runs of many sequences: company never changes a result, aborts are prompt, streams stay bounded. */
import { setImmediate as turn, setTimeout as wait } from "node:timers/promises";
import fc from "fast-check";
import {
  afterAll,
  afterEach,
  beforeAll,
  describe,
  expect,
  test,
  vi,
} from "vitest";
import { type UniRep } from "../../src/unirep/load-model.ts";
import { rep } from "../../src/unirep/represent.ts";
import type { Representation } from "../../src/unirep/representation.ts";
import type { Progress } from "../../src/unirep/run-sequences.ts";
import { error, tinyModel } from "./test-model.ts";

let model: UniRep;
beforeAll(async () => {
  model = await tinyModel();
});
afterAll(() => model.dispose());
afterEach(() => {
  vi.restoreAllMocks();
});

async function* stream<T>(items: Iterable<T>): AsyncGenerator<T> {
  for (const item of items) {
    await turn();
    yield item;
  }
}

function expectSame(a: Representation, b: Representation): void {
  expect(a.length).toBe(b.length);
  expect(error(a.hAvg, b.hAvg)).toBeLessThan(1e-5);
  expect(error(a.hFinal, b.hFinal)).toBeLessThan(1e-5);
  expect(error(a.cFinal, b.cFinal)).toBeLessThan(1e-5);
  expect(a.perResidue?.length).toBe(b.perResidue?.length);
  if (a.perResidue && b.perResidue)
    expect(error(a.perResidue, b.perResidue)).toBeLessThan(1e-5);
}

describe("results", () => {
  const sequence = fc
    .array(fc.constantFrom(..."ACDEFGHIKLMNPQRSTVWY"), {
      minLength: 1,
      maxLength: 70,
    })
    .map((letters) => letters.join(""));
  const mixes = fc
    .array(sequence, { minLength: 1, maxLength: 25 })
    .chain((distinct) =>
      fc.array(fc.constantFrom(...distinct), { minLength: 1, maxLength: 60 }),
    );

  test("are those of each sequence alone, whatever the mix, order and duplicates", async () => {
    const alone = new Map<string, Representation>();
    const options = { model, perResidue: true };
    await fc.assert(
      fc.asyncProperty(mixes, fc.boolean(), async (sequences, isStream) => {
        const input = isStream ? stream(sequences) : sequences;
        const results = await rep(input, options);
        expect(results.map(({ id }) => id)).toEqual(
          sequences.map((_, i) => `${i + 1}`),
        );
        for (const [i, text] of sequences.entries()) {
          if (!alone.has(text)) alone.set(text, await rep(text, options));
          expectSame(results[i], alone.get(text) as Representation);
        }
      }),
      { numRuns: 12 },
    );
  });

  test("are the same in either order, and ids say which is which", async () => {
    await fc.assert(
      fc.asyncProperty(mixes, async (sequences) => {
        const ordered = await rep(sequences, { model });
        const asDone = await rep(sequences, { model, order: "completion" });
        const byId = new Map(asDone.map((r) => [r.id, r]));
        expect(byId.size).toBe(sequences.length);
        for (const r of ordered)
          expectSame(byId.get(r.id) as Representation, r);
      }),
      { numRuns: 10 },
    );
  });

  test("do not depend on the device", async () => {
    const reference = await tinyModel({ device: "js" });
    const sequences = ["M", "MKLVSEQWENCE", "GGGG", "MKLV", "M"];
    const [a, b] = await Promise.all(
      [model, reference].map((m) => rep(sequences, { model: m })),
    );
    a.forEach((result, i) => expectSame(result, b[i]));
  });

  test("per residue average to hAvg and end with hFinal", async () => {
    for (const r of await rep(["M", "MKLVSEQWENCE"], {
      model,
      perResidue: true,
    })) {
      const n = r.hFinal.length;
      const rows = r.perResidue as Float32Array;
      expect(rows.length).toBe((r.length + 1) * n);
      const mean = r.hAvg.map((_, j) => {
        let sum = 0;
        for (let t = 0; t <= r.length; t++) sum += rows[t * n + j];
        return sum / (r.length + 1);
      });
      expect(error(mean, r.hAvg)).toBeLessThan(1e-6);
      expect(rows.slice(-n)).toEqual(r.hFinal);
    }
  });

  test("of identical sequences are equal and share no memory", async () => {
    const [a, b, c] = await rep(["MKLV", "MKLV", "MKLV"], {
      model,
      perResidue: true,
    });
    expect({ ...b, id: a.id }).toEqual(a);
    for (const name of ["hAvg", "hFinal", "cFinal", "perResidue"] as const) {
      const buffers = [a, b, c].map((r) => r[name]?.buffer);
      expect(new Set(buffers).size).toBe(3);
    }
  });

  test("of identical sequences are computed once", async () => {
    const submit = vi.spyOn(model.engine("represent"), "submit");
    await rep(["MKLV", "SEQWENCE", "MKLV", "mklv*"], { model });
    expect(submit).toHaveBeenCalledTimes(2);
  });
});

describe("a run", () => {
  test("reports its progress, sequence by sequence", async () => {
    const seen: Progress[] = [];
    const texts = ["MK", "SEQWENCE", "MK", "GGGG"];
    await rep(texts, { model, onProgress: (p) => seen.push(p) });
    expect(seen.map(({ sequences }) => sequences)).toEqual([1, 2, 3, 4]);
    expect(seen.at(-1)).toEqual({ sequences: 4, residues: 16 });
    expect(
      seen.every(
        ({ residues }, i) => i === 0 || residues > seen[i - 1].residues,
      ),
    ).toBe(true);
  });

  test("warns once of letters the weights hardly know", async () => {
    const warn = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
    await rep(["MKLV", "MUK", "XXX", "MOK"], { model });
    expect(warn.mock.calls).toEqual([
      [
        expect.stringMatching(/^rep: sequence 2 holds U, /),
        { code: "UNIREP_RARE_LETTER" },
      ],
    ]);
    await rep(["MKLV"], { model });
    expect(warn).toHaveBeenCalledTimes(1);
  });

  test("ends at once with the signal's reason", async () => {
    const controller = new AbortController();
    const input = stream(
      Array.from({ length: 500 }, (_, i) => "MK".repeat(1 + i)),
    );
    const run = rep(input, { model, signal: controller.signal }).then();
    await wait(5);
    const reason = new Error("no longer wanted");
    controller.abort(reason);
    await expect(run).rejects.toBe(reason);
    await expect(rep("MK", { model, signal: controller.signal })).rejects.toBe(
      reason,
    );
  });

  test("ends at once while its source keeps it waiting", async () => {
    async function* stuck() {
      yield "MK";
      await new Promise(() => {});
    }
    const signal = AbortSignal.timeout(30);
    await expect(rep(stuck(), { model, signal })).rejects.toThrow(/timeout/);
  });

  test("takes no more of an endless stream than its window, and stops when its reader leaves", async () => {
    const seen = { taken: 0, closed: false };
    async function* endless() {
      try {
        for (;;) {
          yield "ACDEFGHIKLMNPQRSTVWY".slice(0, 1 + (seen.taken++ % 20));
          if (seen.taken % 50 === 0) await turn();
        }
      } finally {
        seen.closed = true;
      }
    }
    let read = 0;
    for await (const { id } of rep(endless(), { model })) {
      expect(id).toBe(`${++read}`);
      expect(seen.taken - read).toBeLessThanOrEqual(2048);
      if (read % 500 === 0) await wait(2);
      if (read === 5000) break;
    }
    expect(seen.closed).toBe(true);
    const { taken } = seen;
    const submit = vi.spyOn(model.engine("represent"), "submit");
    await wait(20);
    expect(seen.taken).toBe(taken);
    expect(submit).not.toHaveBeenCalled();
  });

  test("of another caller is not disturbed by an abort", async () => {
    const controller = new AbortController();
    const sequences = Array.from({ length: 30 }, (_, i) =>
      "ACDEFGHIKL".repeat(1 + i),
    );
    const doomed = rep(sequences, { model, signal: controller.signal }).then();
    const other = rep(sequences, { model }).then();
    await turn();
    controller.abort(new Error("mine only"));
    await expect(doomed).rejects.toThrow("mine only");
    const results = await other;
    expect(results.map((r) => r.length)).toEqual(
      sequences.map((s) => s.length),
    );
  });
});
