/** @file API keys as admins see them. */
import { z } from "zod";
import { scopes } from "../api.ts";
import type { KeyRecord } from "../keys.ts";
import { toWire } from "../wire.ts";
import { instant, label, pageOf, paging } from "./common.ts";

const ownerName = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$/, "expected 1 to 64 letters, digits, or ._@-") // prettier-ignore
  .meta({ description: "whose jobs and models it sees; keys of one owner share them; by default the key's own id" }); // prettier-ignore

const scopeList = z
  .array(z.enum(scopes))
  .min(1)
  .refine((list) => new Set(list).size === list.length, "expected each scope once"); // prettier-ignore

export const keyId = z.strictObject({ id: z.string().regex(/^[0-9a-f]{16}$/) });

export const keyQuery = z.strictObject(paging);

export const newKeySchema = z
  .strictObject({
    name: label(100),
    scopes: scopeList,
    owner: ownerName.optional(),
    expires_at: instant
      .refine((at) => Date.parse(at) > Date.now(), "expected a time to come")
      .nullable()
      .optional(),
  })
  .meta({ id: "NewKey" });

export const keySchema = z
  .strictObject({
    id: z.string(),
    name: z.string(),
    owner: z.string(),
    scopes: scopeList,
    created_at: instant,
    expires_at: instant.nullable(),
    revoked_at: instant.nullable(),
    last_used_at: instant.nullable(),
  })
  .meta({ id: "Key" });

export const createdKeySchema = keySchema
  .extend({
    key: z
      .string()
      .nullable()
      .meta({ description: "to be sent with requests; shown only this once: null in a replayed answer" }), // prettier-ignore
  })
  .meta({ id: "CreatedKey" });

export const keyPage = pageOf(keySchema, "KeyPage");

export const keyResource = (key: KeyRecord): z.output<typeof keySchema> =>
  toWire({
    id: key.id,
    name: key.name,
    owner: key.owner,
    scopes: [...key.scopes],
    createdAt: key.createdAt,
    expiresAt: key.expiresAt,
    revokedAt: key.revokedAt,
    lastUsedAt: key.lastUsedAt,
  });
