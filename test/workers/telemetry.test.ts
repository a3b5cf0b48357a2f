/** @file OpenTelemetry: spans of queues, flows and workers where the setting asks for them, on both backends. */
import { trace } from "@opentelemetry/api";
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-base"; // prettier-ignore
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { backends, openTestBackend, type OpenedBackend } from "./backends.ts";

const exporter = new InMemorySpanExporter();
beforeAll(() => {
  const spanProcessors = [new SimpleSpanProcessor(exporter)];
  trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors }));
});
afterAll(() => trace.disable());

describe.each(backends)("%s", (kind) => {
  let opened: OpenedBackend;
  afterEach(async () => {
    await opened.close();
    exporter.reset();
  });

  /** Adds a job and a flow, and has them worked on. */
  async function work(env: Readonly<Record<string, string>>): Promise<void> {
    opened = await openTestBackend(kind, env);
    const { backend } = opened;
    let done = 0;
    const worker = backend.worker("traced", async () => void (await Promise.resolve(done++))); // prettier-ignore
    await backend.queue("traced").add("single", {});
    await backend.flows().add({ name: "parent", queueName: "traced", children: [{ name: "child", queueName: "traced" }] }); // prettier-ignore
    await expect.poll(() => done, { timeout: 30_000 }).toBe(3);
    await worker.close();
  }

  test("tells of additions, flows and work, under the service's name", async () => {
    await work({ TELEMETRY: "true" });
    const spans = exporter.getFinishedSpans();
    const names = spans.map(({ name }) => name);
    for (const [what, times] of [["add traced", 1], ["addFlow traced", 1], ["process traced", 3]] as const) // prettier-ignore
      expect([what, names.filter((name) => name.startsWith(what)).length, names]).toEqual([what, times, names]); // prettier-ignore
    expect(new Set(spans.map((s) => s.instrumentationScope.name))).toEqual(new Set(["unirep"])); // prettier-ignore
  }, 60_000);

  test("tells nothing unless asked for", async () => {
    await work({});
    expect(exporter.getFinishedSpans()).toEqual([]);
  }, 60_000);
});
