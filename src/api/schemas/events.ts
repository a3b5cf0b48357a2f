/** @file The data of a job's events as the API streams them. */
import { z } from "zod";
import { jobStates, type JobEvent } from "../../workers/index.ts";
import type { ToWire } from "../wire.ts";
import { jobSchema } from "./jobs.ts";

const trial = z.int().nullable().meta({ description: "null: the final fit" });
const inTrial = { trial, fold: z.int().exactOptional() };

const jobEvent: z.ZodType<ToWire<JobEvent>> = z
  .discriminatedUnion("type", [
    z.strictObject({ type: z.literal("state"), state: z.enum(jobStates) }),
    z.strictObject({
      type: z.literal("progress"),
      done: z.number(),
      total: z.number(),
      residues_per_second: z.number().nullable(),
      eta_seconds: z.number().nullable(),
    }),
    z.strictObject({
      type: z.literal("step"),
      ...inTrial,
      step: z.int(),
      epoch: z.int(),
      loss: z.number(),
      learning_rate: z.number(),
    }),
    z.strictObject({
      type: z.literal("validation"),
      ...inTrial,
      epoch: z.int(),
      cross_entropy: z.number(),
      perplexity: z.number(),
    }),
    z.strictObject({
      type: z.literal("trial"),
      trial: z.int(),
      setting: z.record(z.string(), z.unknown()),
      outcome: z.string().nullable(),
      value: z.number().nullable(),
    }),
    z.strictObject({ type: z.literal("checkpoint"), step: z.int() }),
    z.strictObject({
      type: z.literal("accepted"),
      step: z.int(),
      best: z.number(),
    }),
  ])
  .meta({ id: "JobEvent" });

/** A `snapshot` is the job; every other event names itself. */
export const eventData = z.union([jobEvent, jobSchema]);
