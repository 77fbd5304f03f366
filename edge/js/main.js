// The Worker's entry. Every decision is made in Wasm, which reads a request as one text and answers
// with a plan; what is here carries plans out.
import { carryOut, failure, place } from "./carry.js";
import * as gate from "./instance.js";

const encoder = new TextEncoder();

export default {
  /** @param {Request} request @param {Record<string, unknown>} env @param {ExecutionContext} context */
  async fetch(request, env, context) {
    try {
      gate.ready(env);
      // Names come in lower case, and nothing here has a line break.
      let lines = `${request.method}\n${request.url}\n`;
      request.headers.forEach((value, name) => (lines += `${name}:${value}\n`));
      const asked = encoder.encode(lines);
      let plan = gate.decide(asked);
      if (plan.startsWith("verify")) plan = gate.answered(await gate.look(plan), asked, env);
      // No client can send a header of this name.
      plan ||= await gate.findOut(encoder.encode(`${lines}@place:${place(request)}\n`), env, context);
      return await carryOut(plan, request, env, context);
    } catch (error) {
      console.error(`This request got 500. ${error}`);
      gate.suspect(error);
      return failure();
    }
  },
};
