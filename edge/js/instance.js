// The one instance of the Wasm module. Once it has panicked it is never asked again: what waits in it
// gets 500, and the next request finds a fresh one, which knows no head and so lets nobody in before
// it has one.
import * as gate from "gate";
import { put, settle, take } from "./border.js";
import { forget as forgetKept } from "./kept.js";
import { verify } from "portcullis:crypto";
import module from "./index_bg.wasm";

let state = "none";
/** How many there were. */
let instance = 0;
/** How to fail the requests that wait in it. @type {Set<(reason: Error) => void>} */
const waiting = new Set();

/** Makes sure that there is an instance that can be asked. */
export function ready(env) {
  if (state === "good") return;
  if (state !== "none") gate.__wbg_reset_state();
  // The second time it says what there is.
  settle(gate.initSync({ module }).memory);
  forgetKept();
  instance += 1;
  gate.onPanic(abandon);
  gate.configure(JSON.stringify(variables(env)));
  state = "good";
}

/** What of `env` is data. Bindings are not: asking one for its JSON would be a call to it. */
function variables(env) {
  const isData = (value) =>
    typeof value !== "object" ||
    value === null ||
    Array.isArray(value) ||
    Object.getPrototypeOf(value) === Object.prototype;
  return Object.fromEntries(Object.entries(env).filter(([, value]) => isData(value)));
}

function abandon() {
  state = "broken";
  for (const fail of waiting) fail(new Error("the gate broke meanwhile"));
  waiting.clear();
}

/** Takes an error out of Wasm for what it may be: the end of the instance. */
export function suspect(error) {
  if (error instanceof WebAssembly.RuntimeError) abandon();
}

/** The plan for a request, once that has made sure that there is an instance; or which kept answer it gets;
 * or "" when it takes more. Carried out at once: what it says of what is kept is true now. */
export function decide(asked) {
  return take(gate.decide(put(asked)));
}

/** A future that panics is never done, nor are the others of its instance: so each has a way out. */
async function answerOf(env, context, ask) {
  ready(env);
  const { promise, reject } = Promise.withResolvers();
  waiting.add(reject);
  try {
    const asked = ask();
    // A client that leaves would end it in the middle, and with it what others wait for; what it holds in
    // the instance would stay there.
    context?.waitUntil(asked.catch(() => {}));
    return await Promise.race([asked, promise]);
  } catch (error) {
    suspect(error);
    throw error;
  } finally {
    waiting.delete(reject);
  }
}

/** Looks at the signature that a plan names. */
export async function look(plan) {
  const [, ticket, algorithm, jwk, signature, text] = plan.split("\n");
  const asking = instance;
  const isGood = await verify(algorithm, jwk, fromBase64(signature), text).catch(() => false);
  return { asking, ticket: Number(ticket), isGood };
}

/** The same once that is done. */
export function answered({ asking, ticket, isGood }, asked, env) {
  ready(env);
  // Another instance means something else by the number.
  return asking === instance ? take(gate.answered(ticket, isGood, put(asked))) : "";
}

const fromBase64 = (text) => Uint8Array.fromBase64(text, { alphabet: "base64url" });

export const findOut = (asked, env, context) =>
  answerOf(env, context, () => gate.findOut(new TextEncoder().encode(asked), env));
export const upkeep = (env) => answerOf(env, null, () => gate.upkeep(env));
export const catchUp = (epoch, env) => answerOf(env, null, () => gate.catchUp(epoch, env));
export const stillGood = (id, env) => answerOf(env, null, () => gate.stillGood(id, env));

// These are asked after waiting for others: the instance that was there before may have gone meanwhile.

export function isBehind(epoch, env) {
  ready(env);
  return gate.isBehind(epoch);
}

export function unreachable(toOrigin, late, env) {
  ready(env);
  return gate.unreachable(toOrigin, late);
}

export function forget(id) {
  if (state === "good") gate.forget(id);
}
