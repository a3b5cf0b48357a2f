/** @file `/v1/keys`: API keys, for admins. */
import type { Routes } from "../api.ts";
import { once } from "../idempotency.ts";
import { createKey, revokeKey } from "../keys.ts";
import { notFound, route } from "../route.ts";
import { createdKeySchema, keyId, keyPage, keyQuery, keyResource, keySchema, newKeySchema } from "../schemas/keys.ts"; // prettier-ignore
import { fromWire } from "../wire.ts";

const tag = "Keys";
const scope = "admin";

export const keyRoutes: Routes = (api) => {
  const { store } = api.service.backend;
  return [
    route({
      method: "get",
      path: "/v1/keys",
      tag,
      summary: "All API keys, newest first",
      scope,
      query: keyQuery,
      responses: { 200: { description: "A page of keys", schema: keyPage } },
      handle: async ({ query }) => {
        const page = await store.list("key", query);
        const items = page.items.map(({ value }) => keyResource(value));
        return { status: 200, body: { items, next: page.next } };
      },
    }),
    route({
      method: "post",
      path: "/v1/keys",
      tag,
      summary: "Make an API key",
      scope,
      creates: true,
      body: newKeySchema,
      responses: {
        201: {
          description: "The key, shown only this once",
          schema: createdKeySchema,
        },
      },
      problems: ["in-progress", "key-reused"],
      handle: (call) =>
        once(api, call, call.bodyHash, async () => {
          // Its id is new each time: one whose secret nobody has seen can be used by nobody.
          const { secret, record } = await createKey(
            store,
            fromWire(call.body),
          );
          const key = keyResource(record);
          return {
            status: 201,
            body: { ...key, key: secret },
            replayBody: { ...key, key: null },
          };
        }),
    }),
    route({
      method: "delete",
      path: "/v1/keys/{id}",
      tag,
      summary: "Revoke an API key",
      description:
        "Its jobs and models stay. To repeat it does no harm. Where no admin key works any more, the next start of the service makes one.",
      scope,
      params: keyId,
      responses: { 200: { description: "The key", schema: keySchema } },
      handle: async ({ params }) => {
        const key = await revokeKey(store, params.id);
        if (key === null) throw notFound();
        return { status: 200, body: keyResource(key) };
      },
    }),
  ];
};
