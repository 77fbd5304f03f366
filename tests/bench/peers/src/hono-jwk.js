// hono's middleware as its documentation has it, with the key at hand; then the request as it came.
import { Hono } from "hono";
import { jwk } from "hono/jwk";
import { target } from "./work.js";

const app = new Hono();
let verify;
app.use("*", (context, next) => {
  const { JWKS, ISSUER, AUDIENCE } = context.env;
  verify ??= jwk({
    keys: JWKS.keys,
    alg: ["EdDSA"],
    verification: { iss: ISSUER, aud: AUDIENCE, typ: "at+jwt" },
  });
  return verify(context, next);
});
app.all("*", (context) => fetch(target(context.req.raw, context.env), context.req.raw));

export default app;
