/** @file The page in a real browser with a real service: every section, its errors, and what it may never do. */
import { mkdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { chromiumPath, familyFasta, startRig, type Rig } from "./page-browser.ts"; // prettier-ignore

const reason = chromiumPath === null ? " (skipped: no chromium on PATH)" : "";
let rig: Rig;

describe.skipIf(chromiumPath === null)(`the page${reason}`, () => {
  beforeAll(async () => {
    rig = await startRig(chromiumPath as string);
  }, 120_000);
  afterAll(() => rig.close(), 60_000);

  const using = async (options: Parameters<Rig["open"]>[0], work: (page: Page) => Promise<void>) => {
    const page = await rig.open(options);
    try {
      await work(page);
    } finally {
      await page.context().close();
    }
  }; // prettier-ignore
  const text = (page: Page, selector: string) =>
    page.locator(selector).first().innerText();
  const saved = async (page: Page, press: () => Promise<void>) => {
    const [download] = await Promise.all([page.waitForEvent("download"), press()]); // prettier-ignore
    return { name: download.suggestedFilename(), bytes: readFileSync(await download.path()) }; // prettier-ignore
  };
  const embed = async (page: Page, fasta: string) => {
    await page.fill("#embed-text", fasta);
    await page.click("#embed-start");
    await page.waitForSelector(".map canvas");
    await page.getByText("of the variance").waitFor();
  };

  describe("takes a key", () => {
    test.each([
      ["that is none", "hello", "begins with ur_"],
      ["that is cut off", "ur_0123", "expected an API key of 93 characters, got 7"], // prettier-ignore
      ["that nobody has", `ur_${"0".repeat(16)}_${"1".repeat(64)}_d4ae7a61`, "the service does not know it"], // prettier-ignore
    ])("and says what is wrong with one %s", async (_what, key, said) => {
      await using({ key: null }, async (page) => {
        await page.fill("#key-field", key);
        await page.click("#key-form button");
        await page.waitForSelector("#key-problem .problem");
        expect((await text(page, "#key-problem")).toLowerCase()).toContain(said.toLowerCase()); // prettier-ignore
        expect(await page.evaluate("sessionStorage.length")).toBe(0);
      });
    });

    test("from the address, keeps it for the tab alone, and forgets it when told to", async () => {
      await using({}, async (page) => {
        expect(page.url()).not.toContain("ur_");
        expect(await text(page, "#key-who")).toContain(rig.key.split("_")[1]);
        await page.reload();
        await page.waitForSelector("#key-known:not([hidden])");
        expect(await page.evaluate("localStorage.length + document.cookie.length")).toBe(0); // prettier-ignore
        await page.click("#key-forget");
        expect(await page.evaluate("sessionStorage.length")).toBe(0);
        await page.fill("#embed-text", ">a\nMK");
        await page.click("#embed-start");
        expect(await text(page, "#embed-problem")).toContain("Enter an API key first"); // prettier-ignore
      });
    });
  });

  describe("embeds", () => {
    test("pasted proteins at once, maps them, and tells of each to the keyboard", async () => {
      await using({}, async (page) => {
        await embed(page, familyFasta(6));
        expect(await text(page, "#map-title")).toBe("Map of 24 proteins");
        await page.selectOption("#map-colour", "word");
        expect(await text(page, ".map ~ .legend")).toMatch(/globin\s*6/);
        await page.focus(".map canvas");
        await page.keyboard.press("ArrowRight");
        await page.waitForSelector(".tip:not([hidden])");
        expect(await text(page, ".tip")).toMatch(/^\w{3}\d+\n\d+ residues/);
        await page.keyboard.press("Escape");
        await page.waitForSelector(".tip", { state: "hidden" });
        await page.selectOption("#map-colour", "expression");
        await page.fill("#map-expression", "(");
        expect(await text(page, "#map-expression-problem")).toContain("Invalid regular expression"); // prettier-ignore
        await page.click("label[for=map-umap]");
        await page.getByText("UMAP of the 64").waitFor();
        const csv = await saved(page, () => page.click(".downloads button"));
        expect(csv.bytes.toString().match(/^\w{3}\d+,/gm)).toHaveLength(24);
      });
    }, 120_000);

    test("a dropped gzip file as a job, whose map a reload finds again", async () => {
      await using({ hash: "embed" }, async (page) => {
        const packed = gzipSync(familyFasta(60));
        expect(gunzipSync(packed).length).toBeGreaterThan(20_000);
        await page.setInputFiles("#embed-files", { name: "families.fasta.gz", mimeType: "application/gzip", buffer: packed }); // prettier-ignore
        expect(await text(page, ".files")).toContain("families.fasta.gz");
        await page.click("#embed-start");
        await page.waitForURL(/#embed\/[0-9a-f-]{36}$/);
        await page.waitForSelector(".map canvas");
        expect(await text(page, "#map-title")).toBe("Map of 240 proteins");
        await page.selectOption("#map-colour", "word");
        expect(await text(page, ".map ~ .legend")).toMatch(/insulin\s*60/);
        await page.reload();
        await page.waitForSelector(".map canvas");
        await page.selectOption(".downloads select", "parquet");
        const table = await saved(page, () => page.click(".downloads button"));
        expect(table.bytes.subarray(0, 4).toString()).toBe("PAR1");
      });
    }, 120_000);

    test("nothing that is no protein, and says which record is at fault", async () => {
      await using({}, async (page) => {
        await page.fill("#embed-text", ">good\nMKTA\n>bad one\nMK7A\n");
        await page.click("#embed-start");
        await page.waitForSelector("#embed-problem .problem");
        expect(await text(page, "#embed-problem li")).toMatch(/^record 2 \(bad\), column 3: /); // prettier-ignore
      });
    });

    test("headers as text, never as HTML", async () => {
      await using({}, async (page) => {
        const evil = `<img/src=x/onerror=document.title="evil">`;
        await embed(page, `>${evil} ${evil}\nMKTAYIAK\n>b ${evil}\nMKTA\n>c x\nMKT\n`); // prettier-ignore
        await page.selectOption("#map-colour", "word");
        expect(await text(page, ".map ~ .legend")).toContain(evil);
        expect(await page.locator("main img").count()).toBe(0);
        expect(await page.title()).not.toBe("evil");
      });
    });
  });

  test("evotunes a model, shows its curves as they grow, and embeds with it at once", async () => {
    await using({ hash: "evotune" }, async (page) => {
      await page.fill("#evotune-text", familyFasta(4));
      await page.fill("#evotune-name", "my-family");
      await page.fill("#evotune-trials", "2");
      await page.fill("#evotune-folds", "2");
      await page.fill("#evotune-epochs-high", "2");
      await page.click("#evotune-start");
      await page.waitForSelector(".charts .line, .charts .point");
      await page.waitForSelector(".outcome", { timeout: 120_000 });
      expect(await text(page, ".outcome h2")).toBe("my-family is ready");
      expect(await page.locator("tbody tr").count()).toBe(2);
      expect(await page.locator("tbody tr.best").count()).toBe(1);
      await page.selectOption(".outcome select", "report");
      const report = await saved(page, () => page.click(".outcome .downloads button")); // prettier-ignore
      expect(report.bytes.toString()).toMatch(/^<!doctype html>/);
      await page.click(".outcome > button");
      expect(await page.inputValue("#embed-model-choice")).toBe("my-family");
      await embed(page, familyFasta(2));
      expect(await text(page, "#embed-result")).toContain("Vectors of my-family, licence Apache-2.0"); // prettier-ignore
    });
  }, 240_000);

  test("lists jobs as they change, and cancels one", async () => {
    await using({ hash: "evotune" }, async (page) => {
      await page.fill("#evotune-text", familyFasta(10));
      await page.fill("#evotune-name", "too-long");
      await page.fill("#evotune-trials", "1000");
      await page.click("#evotune-start");
      await page.waitForSelector(".progress");
      await page.click("nav a[href='#jobs']");
      const row = page.locator("#jobs-list li", { hasText: "too-long" });
      await row.getByRole("button", { name: /^Cancel/ }).click();
      await row.locator("[data-state=cancelled], .state:text('cancelled')").first().waitFor(); // prettier-ignore
      await page.reload();
      await row.waitFor();
      expect(await row.innerText()).toContain("cancelled");
    });
  }, 120_000);

  test("lists models, takes weights, refuses what is none, and deletes one's own", async () => {
    await using({ hash: "models" }, async (page) => {
      const shipped = page.locator("#models-list li", { hasText: "unirep-ts-64" }).first(); // prettier-ignore
      expect(await shipped.innerText()).toMatch(/64 units.*licence: Apache-2.0[\s\S]*SHA-256 [0-9a-f]{64}/); // prettier-ignore
      await page.fill("#models-id", "own-one");
      await page.setInputFiles("#models-file", { name: "a.safetensors", mimeType: "application/octet-stream", buffer: Buffer.from("no weights") }); // prettier-ignore
      await page.click("#models-upload");
      await page.waitForSelector("#models-problem .problem");
      await page.setInputFiles("#models-file", path.resolve("weights/unirep-ts-64.safetensors")); // prettier-ignore
      await page.click("#models-upload");
      const own = page.locator("#models-list li", { hasText: "own-one" });
      await own.waitFor();
      page.on("dialog", (dialog) => void dialog.accept());
      await own.getByRole("button", { name: "Delete own-one" }).click();
      await own.waitFor({ state: "detached" });
    });
  });

  describe("is for everyone", () => {
    test.each(["embed", "evotune", "jobs", "models"])("at 360 pixels, without a control that has no name: %s", async (hash) => {
      await using({ width: 360, hash, still: true }, async (page) => {
        await page.waitForSelector(`#view-${hash}:not([hidden])`);
        if (hash === "embed") await embed(page, familyFasta(3));
        expect(await page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(360); // prettier-ignore
        expect(await page.evaluate(unnamed)).toEqual([]);
        expect(await page.title()).not.toBe("unirep-ts");
      });
    }, 90_000); // prettier-ignore

    test.each([false, true])("with a contrast of at least 4.5, dark: %s", async (dark) => {
      await using({ dark, hash: "models" }, async (page) => {
        await page.waitForSelector("#models-list li");
        const pairs = [["--ink", "--paper"], ["--ink", "--surface"], ["--soft", "--paper"], ["--soft", "--surface"], ["--accent", "--surface"], ["--accent", "--tint"], ["--on-accent", "--accent"], ["--wrong", "--wrong-tint"], ["--soft", "--tint"]]; // prettier-ignore
        for (const [ink, ground] of pairs) {
          const [a, b] = await page.evaluate<string[]>(`["${ink}", "${ground}"].map((name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim())`); // prettier-ignore
          expect(contrast(a, b), `${ink} on ${ground}`).toBeGreaterThanOrEqual(4.5); // prettier-ignore
        }
      });
    }); // prettier-ignore

    test("with the keyboard alone, the focus always to be seen", async () => {
      await using({}, async (page) => {
        const seen = new Set<string>();
        for (let i = 0; i < 12; i++) {
          await page.keyboard.press("Tab");
          const [name, outline] = await page.evaluate<string[]>(`[document.activeElement.id || document.activeElement.textContent, getComputedStyle(document.activeElement.type === "file" ? document.activeElement.nextElementSibling : document.activeElement).outlineStyle]`); // prettier-ignore
          if (name === "" || name.includes("\n")) break;
          expect(outline, name).not.toBe("none");
          seen.add(name);
        }
        for (const name of [
          "Models",
          "embed-text",
          "embed-files",
          "embed-model-choice",
          "embed-start",
        ])
          // prettier-ignore
          expect([...seen]).toContain(name);
      });
    });
  });

  const screenshots = process.env.PAGE_SCREENSHOTS;
  test.skipIf(screenshots === undefined).each([false, true])("is photographed, dark: %s", async (dark) => {
    mkdirSync(screenshots as string, { recursive: true });
    await using({ dark, still: true }, async (page) => {
      await embed(page, familyFasta(24));
      await page.selectOption("#map-colour", "word");
      await page.focus(".map canvas");
      await page.keyboard.press("ArrowRight");
      await page.waitForSelector(".tip:not([hidden])");
      await page.screenshot({ path: path.join(screenshots as string, `page-${dark ? "dark" : "light"}.png`), fullPage: true }); // prettier-ignore
    });
  }); // prettier-ignore

  test("breaks no rule of its own: no error, no refused script or style, no other host", () => {
    expect(rig.faults).toEqual([]);
  });
});

/** In the browser: controls that a reader of the screen has no name for. */
const unnamed = `[...document.querySelectorAll("button, a, input, select, textarea, canvas, [role=region]")]
  .filter((e) => e.checkVisibility())
  .filter((e) => !(e.labels?.length || e.getAttribute("aria-label") || e.textContent.trim()))
  .map((e) => e.outerHTML.slice(0, 100))`;

/** WCAG 2.2, contrast ratio of #rrggbb colours. */
function contrast(a: string, b: string): number {
  const luminance = (hex: string) =>
    [0.2126, 0.7152, 0.0722].reduce((sum, weight, k) => {
      const c = Number.parseInt(hex.slice(1 + 2 * k, 3 + 2 * k), 16) / 255;
      return sum + weight * (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4); // prettier-ignore
    }, 0);
  const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (high + 0.05) / (low + 0.05);
}
