// jose as its documentation has it, the key imported once.
import { createLocalJWKSet, jwtVerify } from "jose";
import { bearer } from "./work.js";

let keys;

/** The claims of the request's token; nothing when it is not good. */
export async function verified(request, env) {
  keys ??= createLocalJWKSet(env.JWKS);
  try {
    const { payload } = await jwtVerify(bearer(request) ?? "", keys, {
      algorithms: ["EdDSA"],
      issuer: env.ISSUER,
      audience: env.AUDIENCE,
      typ: "at+jwt",
      clockTolerance: 30,
    });
    return payload;
  } catch {
    return undefined;
  }
}

export function refused() {
  return Response.json({ code: "token_invalid" }, { status: 401 });
}
