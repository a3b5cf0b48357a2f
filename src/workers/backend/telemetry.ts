/** @file OpenTelemetry for queues, flows and workers, where the configuration wants it. */
import type { QueueOptions } from "bullmq";
import type { ServiceConfig } from "../config.ts";
import { optionalPackage } from "../optional-package.ts";

/**
 * What queues, flows and workers are made with so that a job's addition and its work are one trace. Spans go to the
 * exporter that the operator has registered with @opentelemetry/api in this process. Rejects, one sentence, without the package.
 */
export async function openTelemetry(
  config: Pick<ServiceConfig, "telemetry">,
): Promise<Pick<QueueOptions, "telemetry">> {
  if (!config.telemetry) return {};
  const { BullMQOtel } = await optionalPackage(() => import("bullmq-otel"), "TELEMETRY", "bullmq-otel"); // prettier-ignore
  return { telemetry: new BullMQOtel({ tracerName: "unirep" }) };
}
