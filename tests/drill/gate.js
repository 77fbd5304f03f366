// Stands where the gate is, and is the gate, but for requests that are to break it. What breaks is the
// real instance: nothing in it is made for this.
import * as gate from "bindings";

export * from "bindings";

/** Text that says it is longer than memory: the instance's allocator gives up, which is a trap. */
const ENDLESS = { length: 0xffff_ffff };

const setTimeout = globalThis.setTimeout;
let timersFail = false;

/** Rust takes a timer for granted: without one it panics. Only Rust's own callbacks can be told to go. */
globalThis.setTimeout = (callback, ...rest) => {
  if (timersFail && "_wbg_cb_unref" in callback) {
    timersFail = false;
    throw new Error("there are no timers");
  }
  return setTimeout(callback, ...rest);
};

const isDrill = (headers, kind) => headers.includes(`x-drill:${kind}\n`);

/** `trap`: the instance traps in the middle of a synchronous call. */
export function decide(method, url, headers) {
  return gate.decide(isDrill(headers, "trap") ? ENDLESS : method, url, headers);
}

/** `late`: it panics in a future, while others of its futures wait. */
export function findOut(method, url, headers, env) {
  timersFail ||= isDrill(headers, "late");
  return gate.findOut(method, url, headers, env);
}
