// Stands where the gate is, and is the gate, but for requests that are to break it. What breaks is the
// real instance: nothing in it is made for this.
import * as gate from "bindings";
import * as platform from "./platform.js";

export * from "bindings";

/** Text that says it is longer than memory: the instance's allocator gives up, which is a trap. */
const ENDLESS = { length: 0xffff_ffff };

const isDrill = (headers, kind) => headers.includes(`x-drill:${kind}\n`);

/** `trap`: the instance traps in the middle of a synchronous call. */
export function decide(method, url, headers) {
  return gate.decide(isDrill(headers, "trap") ? ENDLESS : method, url, headers);
}

/** `late`: it panics in a future, while others of its futures wait. */
export function findOut(method, url, headers, env) {
  if (isDrill(headers, "late")) platform.drill();
  return gate.findOut(method, url, headers, env);
}
