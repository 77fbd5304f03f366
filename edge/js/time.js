// Waiting, but not for ever.

/** What is thrown when it took too long. */
export const LATE = new Error("no answer in time");

/** What is promised, if it comes within so many milliseconds. */
export async function inTime(promised, patience) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(LATE), patience);
  });
  try {
    return await Promise.race([promised, late]);
  } finally {
    clearTimeout(timer);
  }
}
