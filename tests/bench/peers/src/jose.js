// A signature verified for each request, and the header work. Nothing is ever revoked.
import { refused, verified } from "./verified.js";
import { identity, pass } from "./work.js";

export default {
  async fetch(request, env) {
    const claims = await verified(request, env);
    return claims ? pass(request, env, identity(claims)) : refused();
  },
};
