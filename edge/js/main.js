// The Worker's entry. Every decision is made in Wasm, which reads a request as one text and answers
// with a plan; what is here carries plans out.
import { again, carryOut, failure, place } from "./carry.js";
import * as gate from "./instance.js";

export default {
  /** @param {Request} request @param {Record<string, unknown>} env @param {ExecutionContext} context */
  fetch(request, env, context) {
    try {
      gate.ready(env);
      // Names come in lower case, and nothing here has a line break.
      let asked = `${request.method}\n${request.url}\n`;
      request.headers.forEach((value, name) => (asked += `${name}:${value}\n`));
      const plan = gate.decide(asked);
      // A flood of refusals is answered without a promise each.
      return typeof plan === "number" ? again(plan, env, context) : follow(plan, asked, request, env, context);
    } catch (error) {
      return broken(error);
    }
  },
};

async function follow(plan, asked, request, env, context) {
  try {
    if (plan.startsWith("verify")) plan = gate.answered(await gate.look(plan), asked, env);
    if (typeof plan === "number") return again(plan, env, context);
    // No client can send a header of this name.
    plan ||= await gate.findOut(`${asked}@place:${place(request)}\n`, env, context);
    return await carryOut(plan, request, env, context);
  } catch (error) {
    return broken(error);
  }
}

function broken(error) {
  console.error(`This request got 500. ${error}`);
  gate.suspect(error);
  return failure();
}
