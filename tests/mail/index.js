// A real mail server, for stories: keeps each letter as a file of the folder it is started with, besides
// a port. Takes letters of whoever knows the password. `refuse` in a letter's address makes it refuse it
// for good; `later` makes it put off the first try. It speaks STARTTLS with a certificate that nobody trusts.
import { randomUUID } from "node:crypto";
import { renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { SMTPServer } from "smtp-server";

const [port, folder] = process.argv.slice(2);
const putOff = new Set();
let count = 0;

const answer = (code, words) => Object.assign(new Error(words), { responseCode: code });

new SMTPServer({
  authMethods: ["PLAIN", "LOGIN"],
  // Over loopback, as the stories' URL asks for.
  allowInsecureAuth: true,
  disableReverseLookup: true,
  onAuth({ username, password }, session, done) {
    if (username === "portcullis" && password === "the-mail-server-has-a-password") done(null, { user: username });
    else done(answer(535, "Who are you?"));
  },
  onRcptTo({ address }, session, done) {
    if (address.startsWith("refuse")) return done(answer(550, `Nobody called ${address} here`));
    if (address.startsWith("later") && !putOff.has(address)) {
      putOff.add(address);
      return done(answer(451, "Come back later"));
    }
    done();
  },
  onData(stream, session, done) {
    const chunks = [];
    stream.on("data", (chunk) => chunks.push(chunk));
    stream.on("end", () => {
      const half = join(folder, `.${randomUUID()}`);
      writeFileSync(half, Buffer.concat(chunks));
      renameSync(half, join(folder, `${String(count++).padStart(6, "0")}.eml`));
      done();
    });
  },
}).listen(Number(port), "127.0.0.1");
