// Answers, for inputs told line by line as "target seed from count", what the code says as Wasm: the number of
// bytes on a line, then the bytes.
const { batch } = require(process.argv[2]);
const lines = require("node:readline").createInterface({ input: process.stdin });
lines.on("line", (line) => {
  const [target, ...numbers] = line.split(" ");
  const text = Buffer.from(batch(target, ...numbers.map(Number)));
  process.stdout.write(`${text.length}\n`);
  process.stdout.write(text);
});
