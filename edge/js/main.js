// The Worker's entry. Every decision is made in Wasm, which reads a request as three texts and answers
// with a plan; what is here carries plans out.
import { carryOut, failure, place } from "./carry.js";
import * as gate from "./instance.js";

export default {
  /** @param {Request} request @param {Record<string, unknown>} env @param {ExecutionContext} context */
  async fetch(request, env, context) {
    try {
      gate.ready(env);
      const { method, url } = request;
      // Names come in lower case, and no value has a line break.
      let headers = "";
      request.headers.forEach((value, name) => (headers += `${name}:${value}\n`));
      let plan = gate.decide(method, url, headers);
      if (plan === "") {
        // No client can send a header of this name.
        headers += `@place:${place(request)}\n`;
        plan = await gate.findOut(method, url, headers, env, context);
      }
      return await carryOut(plan, request, env, context);
    } catch (error) {
      console.error(`This request got 500. ${error}`);
      gate.suspect(error);
      return failure();
    }
  },
};
