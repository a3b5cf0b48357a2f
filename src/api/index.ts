/** @file The API's public face. */
export { type Api, type Scope } from "./api.ts";
export { createApp } from "./app.ts";
export { ensureAdminKey } from "./keys.ts";
export { openLog } from "./logging.ts";
export { serve, work, type Served, type Working } from "./serve.ts";
export { startServer, type Server } from "./server.ts";
