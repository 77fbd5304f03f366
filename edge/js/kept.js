// What the gate has the main module keep, by number: what refusals are made of, and what is changed of the
// app's answers. Within an instance no number comes again.
const kept = new Map();

/** More than there are at a time. */
const MOST = 64;

export function keep(number, what) {
  if (kept.size === MOST) kept.delete(kept.keys().next().value);
  kept.set(Number(number), what);
  return what;
}

/** What was kept under this number. When something went wrong over it, nothing is done. */
export function recall(number) {
  const what = kept.get(Number(number));
  if (what === undefined) throw new Error("nothing is kept under this number");
  return what;
}

/** To be called for each instance, which counts anew. */
export const forget = () => kept.clear();
