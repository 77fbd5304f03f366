// Waiting, but not for ever.

/** What is thrown when it took too long. */
export const LATE = new Error("no answer in time");

/** What is promised, if it comes within so many milliseconds. */
export function inTime(promised, patience) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(reject, patience, LATE);
    promised.then(
      (value) => {
        clearTimeout(timer);
        resolve(value);
      },
      (error) => {
        clearTimeout(timer);
        reject(error);
      },
    );
  });
}
