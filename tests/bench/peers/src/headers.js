// The header work alone: verifies nothing, and says of everybody that they are the same one.
import { identity, pass } from "./work.js";

const SOMEBODY = identity({
  sub: "89c5d15b-86fb-46ef-ba1f-cea6dcaf8774",
  sid: "01a1fe04-9d92-7639-af0a-563d50c606be",
  jti: "286bbc10-6ecc-46c0-be85-011ef3c7a9d4",
  roles: ["reader"],
  email_verified: true,
  exp: 1795263677,
});

export default {
  fetch: (request, env) => pass(request, env, SOMEBODY),
};
