// How texts cross the border: a request is written where the gate reads it, and a plan is read where the gate
// wrote it.
import * as gate from "gate";

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** How many bytes there is room for at first. Few requests have more. */
const ROOM = 16 * 1024;

/** @type {WebAssembly.Memory} */
let memory;
/** Where requests are written. Without length once memory has grown, or before there is any. */
let desk = new Uint8Array();
/** What was written there last, which is there until something else is. */
let last = { asked: "", length: 0 };

/** To be called with each instance's memory. */
export function settle(ofInstance) {
  memory = ofInstance;
  desk = new Uint8Array();
  last = { asked: "", length: 0 };
}

/** Writes down what is asked; how many bytes it is. */
export function put(asked) {
  if (asked === last.asked) return last.length;
  // No more than three for each unit of UTF-16.
  const most = asked.length * 3;
  if (desk.length < most) {
    const room = Math.max(most, ROOM);
    const at = gate.roomFor(room);
    desk = new Uint8Array(memory.buffer, at, room);
  }
  const length = encoder.encodeInto(asked, desk).written;
  last = { asked, length };
  return length;
}

/** What the gate told by a number: the plan of this length; "" when it takes more; or, told by a number below
 * zero, a number for `carry.js`. */
export function take(told) {
  if (told <= 0) return told === 0 ? "" : ~told;
  return decoder.decode(new Uint8Array(memory.buffer, gate.planAt(), told));
}
