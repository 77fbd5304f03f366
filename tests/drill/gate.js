// Stands where the gate is, and is the gate, but for requests that are to break it. What breaks is the
// real instance: nothing in it is made for this.
import * as gate from "bindings";
import * as platform from "./platform.js";

export * from "bindings";

/** Longer than memory: the instance's allocator gives up, which is a trap. */
const ENDLESS = 0xffff_ffff;

const isDrill = (asked, kind) => new TextDecoder().decode(asked).includes(`\nx-drill:${kind}\n`);

/** `trap`: the instance traps between the writing of a request and the decision about it. */
export function decide(length) {
  const { memory, __wbindgen_malloc: malloc } = gate.initSync();
  if (isDrill(new Uint8Array(memory.buffer, gate.roomFor(0), length), "trap")) malloc(ENDLESS, 1);
  return gate.decide(length);
}

/** `late`: it panics in a future, while others of its futures wait. */
export function findOut(asked, env) {
  if (isDrill(asked, "late")) platform.drill(true);
  return gate.findOut(asked, env);
}

/** The drill ends when its instance does. */
export function onPanic(tell) {
  gate.onPanic(() => {
    platform.drill(false);
    tell();
  });
}
