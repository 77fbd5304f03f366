// The same, and KV is asked of each token whether it is revoked.
import { refused, verified } from "./verified.js";
import { identity, pass } from "./work.js";

export default {
  async fetch(request, env) {
    const claims = await verified(request, env);
    if (!claims || (await env.PORTCULLIS_KV.get(`revoked:${claims.jti}`)) !== null) return refused();
    return pass(request, env, identity(claims));
  },
};
