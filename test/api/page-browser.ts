/** @file A browser with the page of a real service in it, and what it must never do noted along the way. */
import { accessSync, constants, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { chromium, type Browser, type Page } from "playwright-core";
import { serve, type Served } from "../../src/api/index.ts";
import { readConfig } from "../../src/workers/index.ts";

/** The browser of the machine, or null. */
export const chromiumPath: string | null =
  (process.env.PATH ?? "")
    .split(path.delimiter)
    .flatMap((folder) => ["chromium", "chromium-browser", "google-chrome"].map((name) => path.join(folder, name)))
    .find(isProgram) ?? null; // prettier-ignore

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

export interface Rig {
  readonly url: string;
  readonly key: string;
  /** Errors, refused loads and requests to other hosts, of all pages. */
  readonly faults: readonly string[];
  open(options?: { readonly key?: string | null; readonly width?: number; readonly dark?: boolean; readonly still?: boolean; readonly hash?: string }): Promise<Page>; // prettier-ignore
  close(): Promise<void>;
}

export async function startRig(executablePath: string): Promise<Rig> {
  const dataDir = mkdtempSync(path.join(tmpdir(), "unirep-page-"));
  const service: Served = await serve(readConfig({}, { dataDir, port: "0", logLevel: "error" })); // prettier-ignore
  const browser: Browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] }); // prettier-ignore
  const faults: string[] = [];
  const key = service.adminKey as string;
  return {
    url: service.url,
    key,
    faults,
    async open({ key: used = key, width = 1100, dark = false, still = false, hash = "embed" } = {}) {
      const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme: dark ? "dark" : "light", reducedMotion: still ? "reduce" : "no-preference", acceptDownloads: true });
      const page = await context.newPage();
      page.setDefaultTimeout(60_000);
      page.on("pageerror", (error) => faults.push(error.message));
      page.on("console", (message) => {
        // The browser itself says of every refused request that it was refused.
        if (message.type() === "error" && !message.text().startsWith("Failed to load resource")) faults.push(message.text());
      });
      page.on("request", (request) => {
        if (!/^(data|blob):/.test(request.url()) && !request.url().startsWith(`${service.url}/`)) faults.push(request.url());
      });
      if (used !== null) {
        await page.goto(`${service.url}/#key=${used}`);
        await page.waitForSelector("#key-known:not([hidden])");
        await page.evaluate((to) => (globalThis as unknown as { location: { hash: string } }).location.hash = to, `#${hash}`);
      } else await page.goto(service.url);
      return page;
    },
    async close() {
      await browser.close();
      await service.drain();
      rmSync(dataDir, { recursive: true, force: true });
    },
  }; // prettier-ignore
}

const families = {
  insulin: "MALWMRLLPLLALLALWGPDPAAAFVNQHLCGSHLVEALYLVCGERGFFYTPKTRREAEDLQVGQVELGGGPGAGSLQPLALEGSLQKRGIVEQCCTSICSLYQLENYCN",
  globin: "MVLSPADKTNVKAAWGKVGAHAGEYGAEALERMFLSFPTTKTYFPHFDLSHGSAQVKGHGKKVADALTNAVAHVDDMPNALSALSDLHAHKLRVDPVNFKLLSHCLLVTLAAHLPAEFTPAVHASLDKFLASVSTVLTSKYR",
  lysozyme: "MKALIVLGLVLLSVTVQGKVFERCELARTLKRLGMDGYRGISLANWMCLAKWESGYNTRATNYNAGDRSTDYGIFQINSRYWCNDGKTPGAVNACHLSCSALLQDNIADAVACAKRVVRDPQGIRAWVAWRNRCQNRDVRQYVQGCGV",
  ubiquitin: "MQIFVKTLTGKTITLEVEPSDTIENVKAKIQDKEGIPPDQQRLIFAGKQLEDGRTLSDYNIQKESTLHLVLRLRGG",
}; // prettier-ignore

/** Four families of `size` mutants each, the same every time. */
export function familyFasta(size: number): string {
  let state = 1;
  const next = () => (state = (state * 1103515245 + 12345) % 2 ** 31) / 2 ** 31;
  const mutant = (letter: string) => next() < 0.15 ? "ACDEFGHIKLMNPQRSTVWY"[Math.floor(next() * 20)] : letter; // prettier-ignore
  return Object.entries(families)
    .flatMap(([name, sequence]) =>
      Array.from({ length: size }, (_, i) => `>${name.slice(0, 3)}${i + 1} ${name} example\n${[...sequence].map(mutant).join("").slice(Math.floor(next() * 20))}\n`),
    )
    .join(""); // prettier-ignore
}
