// Waiting, but not for ever.

/** What is thrown when it took too long. */
export const LATE = new Error("no answer in time");

/** What is promised, if it comes within so many milliseconds. The timer is left to end with its request: to take it
 * back costs more than it saves. */
export function inTime(promised, patience) {
  return new Promise((resolve, reject) => {
    setTimeout(reject, patience, LATE);
    promised.then(resolve, reject);
  });
}
