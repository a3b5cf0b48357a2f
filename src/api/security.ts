/** @file Response headers: nothing may be loaded or framed, except what the pages need from this server itself. */
import type { RequestHandler } from "express";
import helmet from "helmet";
import { boardPath } from "./board.ts";

const none = ["'none'"];
const self = ["'self'"];

const headers = (directives: Readonly<Record<string, string[]>>) =>
  helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: { defaultSrc: none, baseUri: none, formAction: none, frameAncestors: none, ...directives },
    },
    referrerPolicy: { policy: "no-referrer" },
    // Whether this is served over TLS is for the proxy in front to say.
    strictTransportSecurity: false,
  }); // prettier-ignore

const page = {
  scriptSrc: self,
  connectSrc: self,
  imgSrc: [...self, "data:", "blob:"],
  fontSrc: self,
};
const ofApi = headers({});
const ofPage = headers({ ...page, styleSrc: self });
// Swagger UI and Bull Board set style attributes; the links of the latter count from its own address.
const unsafe = { ...page, styleSrc: [...self, "'unsafe-inline'"] };
const ofDocs = headers(unsafe);
const ofBoard = headers({ ...unsafe, baseUri: self });

export const secure: RequestHandler = (req, res, next) => {
  const { path } = req;
  if (path.startsWith("/v1/")) {
    res.set("Cache-Control", "no-store");
    ofApi(req, res, next);
  } else if (path === "/docs" || path.startsWith("/docs/"))
    ofDocs(req, res, next);
  else if (`${path}/`.startsWith(`${boardPath}/`)) ofBoard(req, res, next);
  else ofPage(req, res, next);
};
