/** @file How the page is served: its own files alone, with tags, under a policy that lets nothing else in. */
import { get, type IncomingMessage } from "node:http";
import { text as body } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startFake, type Fake } from "./fake-service.ts";

let fake: Fake;
let url: string;
beforeAll(async () => {
  fake = await startFake();
  url = fake.server.url;
});
afterAll(() => fake.close());

describe("the page", () => {
  test.each([
    ["/", "text/html; charset=utf-8"],
    ["/assets/main.js", "text/javascript; charset=utf-8"],
    ["/assets/projection-worker.js", "text/javascript; charset=utf-8"],
    ["/assets/style.css", "text/css; charset=utf-8"],
  ])("has %s without a key, once: the next time its tag answers", async (path, type) => {
    const first = await fetch(url + path);
    expect([first.status, first.headers.get("content-type")]).toEqual([200, type]); // prettier-ignore
    expect((await first.text()).length).toBeGreaterThan(1000);
    const tag = first.headers.get("etag") as string;
    // Node's fetch would ask for a new copy whatever the tag; a browser does not.
    const again = await new Promise<IncomingMessage>((resolve, reject) => get(url + path, { headers: { "if-none-match": tag } }, resolve).on("error", reject)); // prettier-ignore
    expect([again.statusCode, await body(again)]).toEqual([304, ""]);
    expect(again.headers["cache-control"]).toBe("no-cache");
  }); // prettier-ignore

  test("may load and run its own files only, none of them in the page's text", async () => {
    const page = await fetch(url);
    const policy = page.headers.get("content-security-policy") ?? "";
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("script-src 'self'");
    expect(policy).toContain("style-src 'self'");
    expect(policy).not.toMatch(/unsafe|https?:/);
    const html = await page.text();
    expect(html).not.toMatch(/<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc="\/assets\/)/); // prettier-ignore
    expect(html).not.toMatch(/(?:src|href)="(?!\/|#|data:image)/);
  });

  test.each(["/assets/../package.json", "/assets/%2e%2e%2fpackage.json", "/assets/index.ts", "/assets/constructor", "/index.html"])("has no %s", async (path) => {
    expect((await fetch(url + path)).status).toBe(404);
  }); // prettier-ignore

  test("is only read, and is no part of the document", async () => {
    expect((await fetch(url, { method: "POST" })).status).toBe(405);
    const document = (await (await fetch(`${url}/openapi.json`)).json()) as { paths: object }; // prettier-ignore
    expect(Object.keys(document.paths)).not.toContain("/");
  });
});
