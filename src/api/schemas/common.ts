/** @file Schemas that several routes share: ids, pages, problems, links. */
import { z } from "zod";

export const jobId = z.strictObject({ id: z.uuid() });

export const instant = z.iso
  .datetime()
  .meta({ description: "ISO 8601, UTC", example: "2026-12-01T09:30:00.000Z" });

/** One line of visible text. */
export const label = (most: number) =>
  z
    .string()
    .min(1)
    .max(most)
    .refine(
      (text) => !/\p{Cc}/u.test(text),
      "expected text without control characters",
    );

export const paging = {
  limit: z.coerce.number().int().min(1).max(100).default(20),
  cursor: z
    .string()
    .regex(/^\d{1,15}$/, "expected `next` of the page before")
    .optional()
    .meta({ description: "`next` of the page before" }),
};

export const pageOf = (item: z.ZodType, id: string) =>
  z
    .strictObject({
      items: z.array(item),
      next: z
        .string()
        .nullable()
        .meta({ description: "cursor of the next page; null at the end" }),
    })
    .meta({ id });

/** A file of a form, for the document: the handler reads it as a stream. */
export const formFile = z.unknown().meta({ type: "string", format: "binary" });

const fieldError = z.strictObject({
  pointer: z.string().meta({ description: "JSON pointer (RFC 6901)" }),
  detail: z.string(),
  file: z.string().optional(),
  record: z.int().optional(),
  line: z.int().optional(),
  column: z.int().optional(),
});

export const problemSchema = z
  .looseObject({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    request_id: z.string(),
    errors: z.array(fieldError).optional(),
  })
  .meta({ id: "Problem", description: "RFC 9457" });
