// Sends everything on as it came.
import { target } from "./work.js";

export default {
  fetch: (request, env) => fetch(target(request, env), request),
};
