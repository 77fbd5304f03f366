// The platform as it is, but when a drill wants it: then KV holds a value that is longer than memory. Rust
// makes room for it before it copies, and that it cannot make is a panic.
import * as platform from "../../edge/js/platform.js";

export * from "../../edge/js/platform.js";

const ENDLESS = { length: 2 ** 31 };

let isEndless = false;

/** The next value read from KV has no end. */
export function drill() {
  isEndless = true;
}

export async function kvGet(env, key, ttl) {
  const value = await platform.kvGet(env, key, ttl);
  if (!isEndless) return value;
  isEndless = false;
  return ENDLESS;
}
